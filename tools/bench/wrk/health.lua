-- GET /health: what HTTP alone costs, without a statement
function request()
  return wrk.format("GET", "/health")
end

dofile("done.lua")
