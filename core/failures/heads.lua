-- Heads: what tells why jobs failed, cut short inside Redis, so that long stacks do not cross the wire.
--
-- KEYS[1]    base: the start of every key of the queue
-- ARGV[1]    how many bytes of a reason and of a stack are wanted
-- ARGV[2]    and all that follow: job ids
-- RETURNS    for each id, in order: {name, reason, the stack of the last attempt}, each '' where there is none
-- ATOMICITY  reads only; a few microseconds a job, and nothing of a field that is longer than 64 KB

local LARGEST = 65536

local function field(job, name, most)
  if redis.call('HSTRLEN', job, name) > LARGEST then return '' end
  return (redis.call('HGET', job, name) or ''):sub(1, most)
end

-- The stacks of all attempts are a JSON array of texts, the last one last; some ports put a space behind the comma.
local function last_stack(job, most)
  local size = redis.call('HSTRLEN', job, 'stacktrace')
  if size == 0 or size > LARGEST then return '' end
  local all = redis.call('HGET', job, 'stacktrace')
  local backwards = all:reverse()
  local from_end = backwards:find('","', 1, true) or backwards:find('" ,"', 1, true)
  local first = from_end and size - from_end + 2 or 3
  return all:sub(first, first + most - 1)
end

local function head(job, most)
  return { field(job, 'name', most), field(job, 'failedReason', most), last_stack(job, most) }
end

local heads, most = {}, tonumber(ARGV[1])
for index = 2, #ARGV do
  local job = KEYS[1] .. ARGV[index]
  local is_hash = redis.call('TYPE', job).ok == 'hash'
  heads[#heads + 1] = is_hash and head(job, most) or { '', '', '' }
end
return heads
