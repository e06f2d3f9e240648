-- Adds to a set that is not in use yet. KEYS: the set. ARGV: how long it may wait (ms), then scores and members.
for at = 2, #ARGV, 1000 do
  redis.call('ZADD', KEYS[1], unpack(ARGV, at, math.min(at + 999, #ARGV)))
end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
