-- What was measured, as an object of JSON on a line of its own, for whoever has started wrk.
local threads = {}

function setup(thread)
  thread:set('number', #threads)
  table.insert(threads, thread)
end

function done(summary, latency)
  local accepted = 0
  for _, thread in ipairs(threads) do
    accepted = accepted + (thread:get('accepted') or 0)
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"us":%d,"p50_us":%d,"p99_us":%d,"most_us":%d,"refused":%d,"broken":%d,"accepted":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, accepted))
end
