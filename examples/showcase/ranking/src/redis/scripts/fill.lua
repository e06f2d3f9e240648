-- Fills a board. KEYS: also the sums and the events of the snapshot, each with one more. ARGV: token, time to live (ms),
-- half-life (ms), how many epochs are known, landmark (ms), last closed epoch, epoch of the snapshot, how many sums it
-- has, how many events.
local sums, events = KEYS[5], KEYS[6]
local half_life, known, landmark = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local closed, top = tonumber(ARGV[6]), tonumber(ARGV[7])
local is_mine = redis.call('HGET', FILLING, 'token') == ARGV[1]
-- A flush, or a server that is full, may have taken a part of it.
local is_whole = redis.call('ZCARD', sums) == tonumber(ARGV[8]) and redis.call('ZCARD', events) == tonumber(ARGV[9])
if not (is_mine and is_whole) then
  redis.call('DEL', sums, events)
  if is_mine then
    redis.call('DEL', FILLING)
  end
  return 0
end

redis.call('RENAME', sums, SUMS)
redis.call('RENAME', events, SEEN)
redis.call('DEL', MADE_OF)
redis.call('HSET', MADE_OF, 'landmark', ARGV[5], 'closed', ARGV[6])
local noted = redis.call('HGETALL', FILLING)
for at = 1, #noted, 2 do
  local epoch, player, happened, weight = string.match(noted[at + 1], '^(%S+) (%S+) (%S+) (%S+)$')
  if epoch and tonumber(epoch) > closed and redis.call('ZADD', SEEN, 'NX', epoch, noted[at]) == 1 then
    redis.call('ZINCRBY', SUMS, amount(weight, happened, landmark, half_life), player)
    top = math.max(top, tonumber(epoch))
  end
end
redis.call('DEL', FILLING)
prune(top, closed, known)
for _, key in ipairs({ SUMS, MADE_OF, SEEN }) do
  redis.call('PEXPIRE', key, ARGV[2])
end
return 1
