-- POST /orders as post.lua sends them; each connection pauses between two: -- <milliseconds>
dofile("post.lua")
local create = init

function init(args)
  create(args)
  pause = tonumber(args[1])
end

-- at random, or all of them would come at once
function delay()
  return math.random(0, 2 * pause)
end

-- a refusal is an answer: the caller reads how many there were, and of all answers the 99th
-- percentile of the accepted. It is an upper bound: a slow refusal counts as if it were accepted
function done(summary, latency, requests)
  local e = summary.errors
  local accepted = summary.requests - e.status
  local p99 = latency:percentile(100 - accepted / summary.requests)
  io.write(string.format(
    'RESULT {"requests":%d,"accepted":%d,"micros":%d,"failed":%d,"p99":%d}\n',
    summary.requests, accepted, summary.duration, e.connect + e.read + e.write + e.timeout, p99))
end
