-- Heads: what tells why jobs failed, cut short inside Redis, so that long stacks do not cross the wire.
--
-- KEYS[1]    base: the start of every key of the queue
-- ARGV[1]    how many bytes of a reason and of a stack are wanted
-- ARGV[2]    and all that follow: job ids
-- RETURNS    for each id, in order: {name, reason, the stack of the last attempt}, each '' where there is none
-- ATOMICITY  reads only; some ten microseconds a job, and nothing of a field that is longer than 64 KB

local LARGEST = 65536
local FIELDS = { 'name', 'failedReason', 'stacktrace' }

-- The stacks of all attempts are a JSON array of texts, the last one last; some ports put a space behind the comma.
local function behind_last(all, between)
  local last, from = nil, 1
  repeat
    local first, to = all:find(between, from, true)
    if first then last, from = to + 1, first + 1 end
  until not first
  return last
end

local function last_stack(all, most)
  local first = behind_last(all, '","') or behind_last(all, '", "') or 3
  return all:sub(first, first + most - 1)
end

local function head(job, most)
  local wanted = {}
  for index, field in ipairs(FIELDS) do
    local size = redis.pcall('HSTRLEN', job, field)
    if type(size) ~= 'number' then return { '', '', '' } end
    wanted[index] = size <= LARGEST and field or ''
  end
  local found = redis.call('HMGET', job, unpack(wanted))
  return {
    (found[1] or ''):sub(1, most),
    (found[2] or ''):sub(1, most),
    found[3] and last_stack(found[3], most) or '',
  }
end

local heads, most = {}, tonumber(ARGV[1])
for index = 2, #ARGV do
  heads[#heads + 1] = head(KEYS[1] .. ARGV[index], most)
end
return heads
