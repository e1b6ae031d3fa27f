-- Receive: jobs that come from another queue, as what is left of them among its dead letters or because they move, each
-- once, however often it is asked for. That one has come is remembered beside the queue for a week, for it may run and be
-- gone before the other queue has let it go.
--
-- KEYS       see the prelude
-- ARGV[5]    how many jobs follow, with nine for each: name, data, options as JSON, when it was made and, if it is
--            delayed, when it is due, its delay, its priority, 1 if it is lifo (see verbs/add.lua), and 1 if it may have
--            come so long ago that nobody remembers; and then for each its id
-- RETURNS    for each job, in order, one of
--            ok, id, paused     it is there now; paused is 1 if the queue is
--            received, id       it has come before
--            unsure             it may have come, and be gone; nothing was added
-- ATOMICITY  all jobs in one step, each with its being remembered; a few O(log n) commands each (on Bull a priority may
--            walk the list). Of those to be forgotten, some at a time

local FIRST, FIELDS = 6, 9
local REMEMBERED = 7 * 24 * 3600 * 1000
local FORGOTTEN_AT_ONCE = 200

-- WITH new_job

local memory, results, jobs = own.base .. 'tickbird:received', {}, tonumber(ARGV[5])

local function receive(id, ...)
  local is_old = select(FIELDS, ...) == '1'
  if redis.call('ZSCORE', memory, id) or kind_of(own.base .. id) ~= 'none' then return { 'received', id } end
  if is_old then return { 'unsure' } end
  local answer = add(id, ...)
  redis.call('ZADD', memory, NOW, id)
  return answer
end

local forgotten = redis.call('ZRANGEBYSCORE', memory, '-inf', NOW - REMEMBERED, 'LIMIT', 0, FORGOTTEN_AT_ONCE)
if #forgotten > 0 then redis.call('ZREM', memory, unpack(forgotten)) end
for index = 0, jobs - 1 do
  local first = FIRST + index * FIELDS
  results[index + 1] = receive(ARGV[FIRST + jobs * FIELDS + index], unpack(ARGV, first, first + FIELDS - 1))
end
redis.call('PEXPIRE', memory, REMEMBERED)
return results
