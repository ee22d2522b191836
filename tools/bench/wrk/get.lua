-- GET /orders/{id} of a random order: -- <rows> [<token of a write>]
local counter = 0

function setup(thread)
  counter = counter + 1
  thread:set("seed", os.time() * 1000 + counter)
end

function init(args)
  math.randomseed(seed)
  rows = tonumber(args[1])
  if args[2] then
    wrk.headers["Write-Position"] = args[2]
  end
end

function request()
  return wrk.format("GET", "/orders/" .. math.random(1, rows))
end

dofile("done.lua")
