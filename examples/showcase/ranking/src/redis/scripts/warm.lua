-- KEYS begin with those of a board: its sums, what it is made of, which events it has counted, who fills it.
local SUMS, MADE_OF, SEEN, FILLING = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- Each of the three alone may have been evicted by a server that is full; without one of them the board is cold.
local function is_warm()
  return redis.call('EXISTS', SUMS, MADE_OF, SEEN) == 3
end
