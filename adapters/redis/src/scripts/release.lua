-- Releases a lock. KEYS: the lock. ARGV: token.
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^(%x+):') == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
