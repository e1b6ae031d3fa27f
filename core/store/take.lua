-- Takes a lease that is free, or holds on to it.
-- KEYS[1] the lease
-- ARGV[1] who wants it, ARGV[2] for how many ms
-- RETURNS 1 if it is theirs now, 0 while it is another's
-- ATOMICITY one script
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
