-- Puts back what was drawn and not used. KEYS: the limit. ARGV: the part it was drawn in, how much.
local drawn = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local unused = math.min(drawn, tonumber(ARGV[2]))
if unused > 0 then
  redis.call('HINCRBY', KEYS[1], ARGV[1], -unused)
end
return unused
