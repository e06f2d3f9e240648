-- Takes a lock. KEYS: the lock, its last fencing token. ARGV: token, time to live, how long the last one is kept (ms).
local held = redis.call('GET', KEYS[1])
if held then
  local token, fence = string.match(held, '^(%x+):(%d+)$')
  if token ~= ARGV[1] then
    return false
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return fence
end
-- By the time, so that it grows although the last one was forgotten; by the last one, although the clock was set back.
local time = redis.call('TIME')
local fence = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if fence <= last then
  fence = last + 1
end
local text = string.format('%.0f', fence)
redis.call('SET', KEYS[2], text, 'PX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. text, 'NX', 'PX', ARGV[2])
return text
