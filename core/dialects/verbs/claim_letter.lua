-- Claim letter: it is written down on dead letters that, and as which job, each is about to be sent back. Whoever comes
-- second finds what the first one wrote, and goes on with that.
--
-- KEYS       see the prelude
-- ARGV[5]    how many dead letters follow, with two for each: the mark to write, and the mark that it may replace, or ''
--            where there may be none; then for each its id
-- RETURNS    for each, in order, one of
--            ok                 it now has this mark
--            marked, mark       it has another one, which stays
--            locked             a worker holds it
--            missing | nowhere | foreign | ghost, state   see no_job in parts/jobs.lua
-- ATOMICITY  all in one step; some six calls each, of which one may look through the first 10,000 of the active list

local FIELD = 'sentBack'
local FIRST, count = 6, tonumber(ARGV[5])

local function claim(id, mark, before)
  local job = own.base .. id
  local none = no_job(own, id)
  if none then return none end
  if is_locked(job) then return { 'locked' } end
  local stands = redis.call('HGET', job, FIELD)
  if stands and stands ~= before and stands ~= mark then return { 'marked', stands } end
  redis.call('HSET', job, FIELD, mark)
  return { 'ok' }
end

local results = {}
for index = 0, count - 1 do
  local at = FIRST + index * 2
  results[index + 1] = claim(ARGV[FIRST + count * 2 + index], ARGV[at], ARGV[at + 1])
end
return results
