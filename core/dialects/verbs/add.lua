-- Add: new jobs, as the library would store, place and announce them.
--
-- KEYS       see the prelude
-- ARGV[5]    how many jobs follow, with eight for each: name, data, options as JSON, when it was made and, if it is
--            delayed, when it is due (ms since the epoch, else 0), its delay in ms, its priority, 1 if it is lifo, else 0;
--            and then for each its id, or '' for the library's next number
-- RETURNS    for each job, in order, one of
--            ok, id, paused     it is there now; paused is 1 if the queue is
--            duplicated, id     a job of that id was there before, and was left alone
--            taken              the next 1,000 numbers are ids of other jobs
-- ATOMICITY  all jobs in one step, each in line before it is stored; a few O(log n) commands each (on Bull a priority
--            may walk the list). The counter of ids, as the keys of jobs, is named by its queue's base

local FIRST, FIELDS = 6, 8
local TRIES = 1000

local function next_number()
  return string.format('%.0f', redis.call('INCR', own.base .. 'id'))
end

-- A custom id may be a number that the counter comes to one day: no job is written over.
local function free_number()
  local id = next_number()
  for _ = 1, TRIES do
    if kind_of(own.base .. id) == 'none' then return id end
    id = next_number()
  end
end

local function add(wanted, name, data, options, made, due, delay, priority, lifo)
  local id = wanted
  if wanted == '' then id = free_number() else next_number() end
  if not id then return { 'taken' } end
  local job = own.base .. id
  if kind_of(job) ~= 'none' then
    emit(own, 'duplicated', 'jobId', id)
    return { 'duplicated', id }
  end

  local is_delayed = tonumber(due) > 0
  if is_delayed then
    put_off(own, id, tonumber(due))
  else
    enqueue(own, id, tonumber(priority), lifo == '1')
  end
  local fields = { 'name', name, 'data', data, 'opts', options, 'timestamp', made, 'delay', delay, 'priority', priority }
  redis.call('HSET', job, unpack(fields))
  emit(own, 'added', 'jobId', id, 'name', name)
  if is_delayed then
    announce_delay(own, id, tonumber(due))
  else
    emit(own, 'waiting', 'jobId', id)
    wake(own)
  end
  return { 'ok', id, is_paused(own) and 1 or 0 }
end

local results, jobs = {}, tonumber(ARGV[5])
for index = 0, jobs - 1 do
  local first = FIRST + index * FIELDS
  results[#results + 1] = add(ARGV[FIRST + jobs * FIELDS + index], unpack(ARGV, first, first + FIELDS - 1))
end
return results
