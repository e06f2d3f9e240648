-- Looks at the shelf. KEYS: the shelf. ARGV: the number that is known, or nothing; one for a shelf that is empty; for how long
-- that one holds, in ms. Gives the number, and the text if there is one that is not known.
local shelf = redis.call('HMGET', KEYS[1], 'number', 'text')
local number, text = shelf[1], shelf[2]
if not number then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'number', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return { ARGV[2] }
end
if not text then
  return { number }
end
if number == ARGV[1] then
  return { number, 1 }
end
return { number, text }
