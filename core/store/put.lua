-- Writes parts of a record, then lets the oldest records go until the shelf is within its bounds.
-- KEYS[1] the sorted set of ids by instant, KEYS[2] the hash of parts ("<part>/<id>"), KEYS[3] the hash of sizes by id
--         (under the empty id their sum), KEYS[4] the set of ids that are held
-- ARGV[1] the id, ARGV[2] its instant, ARGV[3] 1 where it is held, ARGV[4] how many records the shelf holds, ARGV[5] how
--         many bytes, ARGV[6] the instant before which records are forgotten, ARGV[7] ms until the shelf is forgotten,
--         ARGV[8] 1 where a record is only replaced, ARGV[9] the number of the shelf's parts, ARGV[10] and on: their
--         names, then each part to write and its text
-- RETURNS how many records were let go; -1 where there was none to replace, and nothing was written
-- ATOMICITY one script; a look at the oldest 100 at most
local order, parts, sizes, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, most, bytes, oldest = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local names = {}
for i = 10, 9 + tonumber(ARGV[9]) do names[#names + 1] = ARGV[i] end

if ARGV[8] == '1' and tonumber(redis.call('ZSCORE', order, id) or '-inf') < oldest then return -1 end

local grown = 0
for i = 10 + #names, #ARGV, 2 do
  local field = ARGV[i] .. '/' .. id
  grown = grown + #ARGV[i + 1] - redis.call('HSTRLEN', parts, field)
  redis.call('HSET', parts, field, ARGV[i + 1])
end
redis.call('HINCRBY', sizes, id, grown)
local size = redis.call('HINCRBY', sizes, '', grown)
redis.call('ZADD', order, ARGV[2], id)
redis.call(ARGV[3] == '1' and 'SADD' or 'SREM', held, id)

local count, gone = redis.call('ZCARD', order), 0
local first = redis.call('ZRANGE', order, 0, 99, 'WITHSCORES')
for i = 1, #first, 2 do
  local aged = tonumber(first[i + 1]) < oldest
  if not aged and count <= most and size <= bytes then break end
  if aged or redis.call('SISMEMBER', held, first[i]) == 0 then
    size = redis.call('HINCRBY', sizes, '', -tonumber(redis.call('HGET', sizes, first[i]) or 0))
    for _, name in ipairs(names) do redis.call('HDEL', parts, name .. '/' .. first[i]) end
    redis.call('HDEL', sizes, first[i])
    redis.call('ZREM', order, first[i])
    redis.call('SREM', held, first[i])
    count, gone = count - 1, gone + 1
  end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[7]) end
return gone
