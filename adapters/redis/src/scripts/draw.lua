-- Draws from a rate limit. KEYS: the limit. ARGV: count, span (ms), wanted, how long an unused limit is kept (ms).
--
-- The span is counted in PARTS parts, and one more, the part that it began in: so no span anywhere holds more.
local PARTS = 64
local count, span, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local width = math.ceil(span / PARTS)
local now, this_server = clock(), server()
local part = math.floor(now / width)
local known, drawn = {}, {}
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local number = tonumber(all[at])
  if number then
    drawn[number] = tonumber(all[at + 1])
  else
    known[all[at]] = all[at + 1]
  end
end

-- Forgotten, never known, or counted otherwise: it is taken for one that was used to the full, evenly, until now.
if known.server ~= this_server or tonumber(known.width) ~= width then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'server', this_server, 'width', width)
  drawn = {}
  for nth = 1, PARTS do
    local of_part = math.floor(nth * count / PARTS) - math.floor((nth - 1) * count / PARTS)
    if of_part > 0 then
      drawn[part - PARTS + nth] = of_part
      redis.call('HSET', KEYS[1], string.format('%.0f', part - PARTS + nth), of_part)
    end
  end
end

local used, oldest = 0, part
for number, of_part in pairs(drawn) do
  if number < part - PARTS or of_part == 0 then
    redis.call('HDEL', KEYS[1], string.format('%.0f', number))
  else
    if number > part then
      -- The clock was set back; what was drawn counts from now on.
      redis.call('HDEL', KEYS[1], string.format('%.0f', number))
      redis.call('HINCRBY', KEYS[1], string.format('%.0f', part), of_part)
    end
    used = used + of_part
    oldest = math.min(oldest, number)
  end
end
local granted = math.max(0, math.min(wanted, count - used))
if granted > 0 then
  redis.call('HINCRBY', KEYS[1], string.format('%.0f', part), granted)
end
redis.call('PEXPIRE', KEYS[1], span + tonumber(ARGV[4]))
local more_in = 0
if granted < wanted then
  more_in = math.max(1, (oldest + PARTS + 1) * width - now)
end
return { granted, more_in, part }
