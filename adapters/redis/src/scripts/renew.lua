-- Renews a lock. KEYS: the lock, its last fencing token. ARGV: token, time to live, how long the last fencing token is
-- kept (ms), fencing token.
local mine = ARGV[1] .. ':' .. ARGV[4]
local held = redis.call('GET', KEYS[1])
if held == mine then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
-- Where it was forgotten it is the holder's again, unless others have had it meanwhile.
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if held or last > tonumber(ARGV[4]) then
  return 0
end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3])
redis.call('SET', KEYS[1], mine, 'NX', 'PX', ARGV[2])
return 1
