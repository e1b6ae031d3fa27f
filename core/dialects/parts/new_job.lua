-- A new job, as the library would store, place and announce it.
--
-- KEYS       see the prelude
-- ARGV       none of its own
-- RETURNS    nothing; it only defines
-- ATOMICITY  reads and writes nothing by itself. The counter of ids, as the keys of jobs, is named by its queue's base

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
