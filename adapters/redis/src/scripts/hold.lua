-- Tells what a holder has of a semaphore, and gives it more. KEYS: the semaphore. ARGV: permits, holder, held, wanted,
-- sequence, time to live, how long an unused semaphore is kept (ms).
local permits, me, held, wanted = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local sequence, time_to_live = tonumber(ARGV[5]), tonumber(ARGV[6])
local now, this_server = clock(), server()
local known = { server = '', warm = '0', last = '0' }
local holders = {}
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local has, till, latest = string.match(all[at + 1], '^(%d+):(%d+):(%d+)$')
  if has then
    holders[all[at]] = { has = tonumber(has), till = tonumber(till), sequence = tonumber(latest) }
  else
    known[all[at]] = all[at + 1]
  end
end
if holders[me] and holders[me].sequence >= sequence then
  return 0
end

-- Forgotten or never known: for a time to live nothing is granted, so that all who hold permits can say so.
local warm = math.min(tonumber(known.warm), now + time_to_live)
if known.server ~= this_server then
  warm = now + time_to_live
end
-- Nobody was heard for so long that it may have been the server's fault: then nobody has lapsed yet.
local silence = now - tonumber(known.last)
local excused = silence < 0 or silence > time_to_live / 2
local taken = held
for name, holder in pairs(holders) do
  local till = excused and now + time_to_live or holder.till
  if name ~= me and till <= now then
    redis.call('HDEL', KEYS[1], name)
  elseif name ~= me then
    taken = taken + holder.has
    if excused then
      redis.call('HSET', KEYS[1], name, string.format('%d:%.0f:%.0f', holder.has, till, holder.sequence))
    end
  end
end

local granted = 0
if now >= warm then
  granted = math.max(0, math.min(wanted, permits - taken))
end
local mine = string.format('%d:%.0f:%.0f', held + granted, now + time_to_live, sequence)
local text = function(number) return string.format('%.0f', number) end
redis.call('HSET', KEYS[1], me, mine, 'server', this_server, 'warm', text(warm), 'last', text(now))
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return granted
