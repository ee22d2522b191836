-- POST /orders, each under a key of its own: 18 random digits, as pgbench sends them
local counter = 0

function setup(thread)
  counter = counter + 1
  thread:set("seed", os.time() * 1000 + counter)
end

function init(args)
  math.randomseed(seed)
  headers = { ["Content-Type"] = "application/json" }
end

function request()
  local high = math.random(100000000, 999999999)
  local low = math.random(100000000, 999999999)
  headers["Idempotency-Key"] = high .. low
  local body = '{"userId":' .. math.random(1, 5000) .. ',"amount":100,"status":"pending"}'
  return wrk.format("POST", "/orders", headers, body)
end

dofile("done.lua")
