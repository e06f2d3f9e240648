-- Gives up filling. ARGV: token.
if redis.call('HGET', FILLING, 'token') == ARGV[1] then
  return redis.call('DEL', FILLING)
end
return 0
