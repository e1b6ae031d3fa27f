-- Gives a lease back.
-- KEYS[1] the lease
-- ARGV[1] who gives it back
-- RETURNS 1 if it was theirs, else 0
-- ATOMICITY one script
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
