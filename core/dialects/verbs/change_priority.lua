-- Change priority: jobs that wait get another place in line; those that will wait later, the priority alone.
--
-- KEYS       see the prelude
-- ARGV[5]    the new priority, 0 for none
-- ARGV[6]    1 to stand in front of all of the same priority, else 0 for behind them
-- ARGV[7]    the list, by its key's suffix, in which it was found, or '' to look near the ends of both
-- ARGV[8]    how many stood nearer that list's tail
-- ARGV[9]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, state, paused                 it has that priority; paused is 1 if the queue is
--            elsewhere, its state or ''        it neither waits nor will
--            deep, lists...                    it is far from both ends of these lists, if at all: find its place first
--            missing | ghost, state | foreign | nowhere   no such job; an id without its hash; the key is no job
-- ATOMICITY  all ids in one step. One deep in a list costs the walk there from the nearer end: up to some 8 ms in the
--            middle of a million

local LATER = { delayed = true, waiting_children = true }

-- WITH line

-- A key of a wrong type has to say so before the job has left its place.
local function check_types(priority)
  redis.call('LLEN', target_list(own))
  if own.priority then return redis.call('ZCARD', own.priority) end
  redis.call('ZCARD', own.prioritized)
  if priority > 0 and redis.call('EXISTS', own.pc) == 1 then redis.call('INCRBY', own.pc, 0) end
end

local function place(id, priority, first)
  if first then return enqueue_first(own, id, priority) end
  enqueue(own, id, priority, false)
end

-- Within its set a job changes its score and never leaves.
local function moved(id, state, priority, first)
  check_types(priority)
  if state == 'prioritized' then
    place(id, priority, first)
    if priority == 0 then redis.call('ZREM', own.prioritized, id) end
    return state
  end
  local from, deep = taken(id, ARGV[7], ARGV[8])
  if from then place(id, priority, first) end
  return from, deep
end

local function change_priority(id, priority, first)
  local job, refused, state = own.base .. id, no_job(own, id), whereabouts(own, id)
  if refused and refused[1] ~= 'nowhere' then return refused end
  local from, deep = LATER[state] and state, {}
  if state == '' or state == 'prioritized' then from, deep = moved(id, state, priority, first) end
  if not from then return #deep > 0 and { 'deep', unpack(deep) } or refused or { 'elsewhere', word(state) } end
  redis.call('HSET', job, 'priority', string.format('%.0f', priority))
  if not LATER[from] then wake(own) end
  return { 'ok', word(from), is_paused(own) and 1 or 0 }
end

local results = {}
for index = 9, #ARGV do
  results[#results + 1] = change_priority(ARGV[index], tonumber(ARGV[5]), ARGV[6] == '1')
end
return results
