-- Forgets a record.
-- KEYS[1] the sorted set of ids by instant, KEYS[2] the hash of parts, KEYS[3] the hash of sizes by id, KEYS[4] the set
--         of ids that are held
-- ARGV[1] the id, ARGV[2] and on: the names of the shelf's parts
-- RETURNS 1 if it was there, else 0
-- ATOMICITY one script
local id = ARGV[1]
for i = 2, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i] .. '/' .. id) end
redis.call('HINCRBY', KEYS[3], '', -tonumber(redis.call('HGET', KEYS[3], id) or 0))
redis.call('HDEL', KEYS[3], id)
redis.call('SREM', KEYS[4], id)
return redis.call('ZREM', KEYS[1], id)
