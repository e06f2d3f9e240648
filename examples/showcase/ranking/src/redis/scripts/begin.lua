-- Says whose turn it is to fill. ARGV: token, how long the lease lasts (ms), 'cold' or 'always'.
if ARGV[3] == 'cold' and is_warm() then
  return 'warm'
end
if redis.call('EXISTS', FILLING) == 1 then
  return 'another'
end
redis.call('HSET', FILLING, 'token', ARGV[1])
redis.call('PEXPIRE', FILLING, ARGV[2])
return 'yours'
