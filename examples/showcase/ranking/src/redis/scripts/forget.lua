-- Makes a board cold, and refuses those who fill it now.
return redis.call('DEL', SUMS, MADE_OF, SEEN, FILLING)
