-- Takes one of what is allowed a minute, and as many at once. KEYS: who asks. ARGV: how many are allowed. Gives 0, or in how many
-- milliseconds there is one again. The key says when all would be there again, in microseconds since 1970.
local clock = redis.call('TIME')
local now, minute = tonumber(clock[1]) * 1000000 + tonumber(clock[2]), 60000000
local each = minute / tonumber(ARGV[1])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now)) + each
local wait = full - now - minute
if wait > 0 then
  return math.ceil(wait / 1000)
end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return 0
