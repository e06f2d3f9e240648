-- Tells what is new of a run. KEYS: the run. ARGV: time to live (ms), standing or nothing, then for each task its name,
-- the number of the attempt, and what it reported.
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'standing', ARGV[2])
end
for at = 3, #ARGV, 3 do
  local known = redis.call('HGET', KEYS[1], ARGV[at])
  local attempt = known and tonumber(string.match(known, '^%d+')) or 0
  if attempt <= tonumber(ARGV[at + 1]) then
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1] .. ' ' .. ARGV[at + 2])
  end
end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
