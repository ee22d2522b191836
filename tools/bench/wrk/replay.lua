-- POST /orders under keys; of a hundred requests `args[1]` repeat one of the last thousand keys
local counter = 0

function setup(thread)
  counter = counter + 1
  thread:set("seed", os.time() * 1000 + counter)
end

function init(args)
  math.randomseed(seed)
  repeated = tonumber(args[1])
  headers = { ["Content-Type"] = "application/json" }
  keys = {}
  sent = 0
end

function request()
  local key
  if sent > 0 and math.random(1, 100) <= repeated then
    key = keys[math.random(1, math.min(sent, 1000))]
  else
    key = math.random(100000000, 999999999) .. math.random(100000000, 999999999)
    sent = sent + 1
    keys[(sent - 1) % 1000 + 1] = key
  end
  headers["Idempotency-Key"] = key
  return wrk.format("POST", "/orders", headers, '{"userId":7,"amount":100,"status":"pending"}')
end

dofile("done.lua")
