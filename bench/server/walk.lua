-- Sends the lines of a file as bodies, one after the other, round and round. BODIES, PATH_, KEY, OFFSET: environment.
-- Requests are put together beforehand; at the end, one line with what was measured.
local requests, at = {}, 0

function init(args)
  local headers = { ["Content-Type"] = "application/json", ["Host"] = "bench" }
  local key = os.getenv("KEY")
  if key ~= "" then headers["Authorization"] = "Bearer " .. key end
  for line in io.lines(os.getenv("BODIES")) do
    requests[#requests + 1] = wrk.format("POST", os.getenv("PATH_"), headers, line)
  end
  at = tonumber(os.getenv("OFFSET")) % #requests
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    'BENCH {"requests":%d,"us":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
