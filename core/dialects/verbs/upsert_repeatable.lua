-- Upsert repeatable: what Bull, and BullMQ up to 5, have for schedulers is made, or changed, which is to take the old
-- one away and make another.
--
-- KEYS       see the prelude
-- ARGV[5]    wishes as JSON, all numbers in ms:
--            old, old_prefix     the key of the one that is changed, and what the ids of its iterations begin with
--            key, name           the key of the new one; the name of its jobs
--            next                when it runs next
--            priority, lifo      where a job goes that is due at once
--            rjk                 1 where jobs say which repeatable made them
-- ARGV[6]    the data of its jobs, as JSON
-- ARGV[7]    the options of its next job, as JSON
-- ARGV[8]    and all that follow: the fields of its hash, and their values, where it has one; last of all that job's id
-- RETURNS    one of
--            ok, iteration, due, paused   paused is 1 if the queue is
--            exists | missing             there is one of the new key already; there is none of the old one
--            busy                         the time it would run at is taken by another job
-- ATOMICITY  one step; a few O(log n) commands

-- WITH iterations
-- WITH new_job

local wish = cjson.decode(ARGV[5])
local due, current = wish.old and due_of(wish.old)
if wish.old and not due then return { { 'missing' } } end
if wish.key ~= wish.old and due_of(wish.key) then return { { 'exists' } } end
if due then current = wish.old_prefix .. ':' .. due end
local id = ARGV[#ARGV]
if exists(id) and not (id == current and redis.call('ZSCORE', own.delayed, id)) then return { { 'busy' } } end

if wish.old then
  drop_delayed(current)
  redis.call('ZREM', own.repeats, wish.old)
  redis.call('UNLINK', hash_of(wish.old))
end
redis.call('ZADD', own.repeats, wish.next, wish.key)
if #ARGV > 8 then redis.call('HSET', hash_of(wish.key), unpack(ARGV, 8, #ARGV - 1)) end
local delay = math.max(0, wish.next - NOW)
local when = delay > 0 and NOW + delay or 0
add(id, wish.name, ARGV[6], ARGV[7], written(NOW), written(when), written(delay), wish.priority, wish.lifo)
if wish.rjk then redis.call('HSET', own.base .. id, 'rjk', wish.key) end
return { { 'ok', id, written(wish.next), is_paused(own) and 1 or 0 } }
