-- Counts events on a board.

-- What an event adds, relative to the landmark.
local function amount(weight, at, landmark, half_life)
  return string.format('%.17g', tonumber(weight) * 2 ^ ((tonumber(at) - landmark) / half_life))
end

-- Lets go of events that are too old to be told apart. Those of epochs up to the floor may come again all the same.
local function prune(top, floor, known)
  if top - known > floor then
    redis.call('ZREMRANGEBYSCORE', SEEN, '-inf', top - known)
    floor = top - known
  end
  redis.call('HSET', MADE_OF, 'top', top, 'floor', floor)
end
