-- Let go: a job that was set aside, and has come to its new queue, is removed from this one.
--
-- KEYS       see the prelude
-- ARGV[5]    the mark that was written on it: where it went, and as which job
-- ARGV[6]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, state     gone; it was in that state before it was set aside
--            missing       somebody else was faster, or it never was
--            marked        it has another mark, or stands in a state: it is left alone
-- ATOMICITY  all ids in one step; a few O(log n) commands each

local MARK, CAME_FROM = 'movingTo', 'movingFrom'
local aside = own.base .. 'tickbird:moving'

local function let_go(id)
  local job = own.base .. id
  if kind_of(job) == 'none' then return { 'missing' } end
  if kind_of(job) ~= 'hash' or not redis.call('ZSCORE', aside, id) then return { 'marked' } end
  if redis.call('HGET', job, MARK) ~= ARGV[5] then return { 'marked' } end
  local state = (redis.call('HGET', job, CAME_FROM) or ''):match('^(.-) %d+$') or ''
  local keys = { job, job .. ':lock' }
  for _, suffix in ipairs(SUBKEYS) do
    keys[#keys + 1] = job .. suffix
  end
  redis.call('UNLINK', unpack(keys))
  redis.call('ZREM', aside, id)
  emit(own, 'removed', 'jobId', id, 'prev', state)
  return { 'ok', state }
end

local results = {}
for index = 6, #ARGV do
  results[#results + 1] = let_go(ARGV[index])
end
return results
