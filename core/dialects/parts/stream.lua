-- What every BullMQ has in common: a flag in the meta hash, events in a stream.
--
-- KEYS       as named by the prelude: meta, events
-- ARGV       none
-- RETURNS    nothing; it only defines
-- ATOMICITY  emit trims the stream as its library does, approximately

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

local function emit(queue, event, ...)
  local length = tonumber(redis.call('HGET', queue.meta, 'opts.maxLenEvents') or DEFAULT_LENGTH)
  if not length or length < 0 or length % 1 ~= 0 then length = DEFAULT_LENGTH end
  redis.call('XADD', queue.events, 'MAXLEN', '~', string.format('%.0f', length), '*', 'event', event, ...)
end
