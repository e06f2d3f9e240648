-- Reads a part of a board. ARGV: what a sum must be above, then 'page', offset and limit, or 'around', player and radius.
if not is_warm() then
  return false
end
local landmark = redis.call('HGET', MADE_OF, 'landmark')
-- Those with less are at the end.
local total = redis.call('ZCOUNT', SUMS, '(' .. ARGV[1], '+inf')
local first, last
if ARGV[2] == 'page' then
  first, last = tonumber(ARGV[3]), tonumber(ARGV[3]) + tonumber(ARGV[4]) - 1
else
  local place, radius = redis.call('ZREVRANK', SUMS, ARGV[3]), tonumber(ARGV[4])
  if not place or place >= total then
    return { landmark, total, 0, {} }
  end
  first, last = math.max(0, place - radius), place + radius
end
last = math.min(last, total - 1)
if first > last then
  return { landmark, total, first, {} }
end
return { landmark, total, first, redis.call('ZREVRANGE', SUMS, first, last, 'WITHSCORES') }
