-- What every BullMQ has in common: a flag in the meta hash, events in a stream.
--
-- KEYS       as named by the prelude: meta, events
-- ARGV       none
-- RETURNS    nothing; it only defines
-- ATOMICITY  emit trims the stream as its library does, approximately; a length once read holds for the whole script

local DEFAULT_LENGTH = 10000

local function is_paused(queue)
  return redis.call('HEXISTS', queue.meta, 'paused') == 1
end

-- Both say whether that changed anything.
local function set_paused(queue)
  return redis.call('HSET', queue.meta, 'paused', 1) == 1
end

local function clear_paused(queue)
  return redis.call('HDEL', queue.meta, 'paused') == 1
end

local lengths = {}

local function length_of(queue)
  if not lengths[queue.meta] then
    local length = tonumber(redis.call('HGET', queue.meta, 'opts.maxLenEvents') or DEFAULT_LENGTH)
    if not length or length < 0 or length % 1 ~= 0 then length = DEFAULT_LENGTH end
    lengths[queue.meta] = string.format('%.0f', length)
  end
  return lengths[queue.meta]
end

local function emit(queue, event, ...)
  redis.call('XADD', queue.events, 'MAXLEN', '~', length_of(queue), '*', 'event', event, ...)
end

-- The same event of many jobs from one state. The last one trims for all.
local function emit_each(queue, event, ids, state)
  for index = 1, #ids - 1 do
    redis.call('XADD', queue.events, '*', 'event', event, 'jobId', ids[index], 'prev', state)
  end
  if #ids > 0 then emit(queue, event, 'jobId', ids[#ids], 'prev', state) end
end
