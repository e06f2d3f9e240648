-- ARGV: half-life (ms), how many epochs are known, the most that are noted; then for each event its id, epoch, player,
-- time (ms) and weight.
local half_life, known, noted_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('EXISTS', FILLING) == 1 then
  for at = 4, #ARGV, 5 do
    local noted = table.concat({ ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4] }, ' ')
    redis.call('HSETNX', FILLING, ARGV[at], noted)
  end
  if redis.call('HLEN', FILLING) > noted_max then
    redis.call('DEL', FILLING)
  end
end
if not is_warm() then
  return 0
end

local made_of = redis.call('HMGET', MADE_OF, 'landmark', 'closed', 'floor', 'top')
local landmark, closed = tonumber(made_of[1]), tonumber(made_of[2])
local floor, top = tonumber(made_of[3]), tonumber(made_of[4])
for at = 4, #ARGV, 5 do
  local id, epoch, player = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  if epoch > closed then
    if epoch <= floor then
      -- Whether it was counted is not known any more.
      redis.call('DEL', SUMS, MADE_OF, SEEN)
      return 0
    end
    if redis.call('ZADD', SEEN, 'NX', epoch, id) == 1 then
      redis.call('ZINCRBY', SUMS, amount(ARGV[at + 4], ARGV[at + 3], landmark, half_life), player)
      top = math.max(top, epoch)
    end
  end
end
prune(top, floor, known)
return 1
