-- Puts a text on the shelf. KEYS: the shelf. ARGV: the number, the text, for how long in ms.
if redis.call('HGET', KEYS[1], 'number') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'text', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
