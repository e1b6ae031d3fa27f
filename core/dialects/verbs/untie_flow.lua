-- Untie a flow: a parent, of the queue acted on, stops waiting for these children, or is held while they are removed.
--
-- KEYS       see the prelude: the parent's queue
-- ARGV[5]    stays: the parent is not let go even when it waits for nothing else; goes: then it is
--            hold: it waits for them on, and for what never comes as well, until that is untied; to untie that is to
--            ask at least whether it waits for anything, for a child that ended meanwhile let nobody go
-- ARGV[6]    the parent's id
-- ARGV[7]    and all that follow: children's keys
-- RETURNS    for each child, in order, one of
--            ok, released     it is waited for no more (hold: it still is); released is 1 if that let the parent go
--            gone             it was not waited for
--            locked           a worker runs it: nothing was done
-- ATOMICITY  one step on the parent alone; the children are removed by a call after it. Two calls a child

local parent = { id = ARGV[6], job = own.base .. ARGV[6], queue = own }
local NEVER = own.base .. 'tickbird:holds' -- no job is called so
local holds = false

-- A child may live where this script cannot look; a removal looks at its lock again.
local function runs(child)
  return redis.pcall('EXISTS', child .. ':lock') == 1
end

local function untie(child)
  if child == NEVER and ARGV[5] == 'goes' then redis.call('SADD', parent.job .. ':dependencies', NEVER) end
  if redis.call('SISMEMBER', parent.job .. ':dependencies', child) == 0 then return { 'gone' } end
  if runs(child) then return { 'locked' } end
  if ARGV[5] == 'goes' then return { 'ok', leave(parent, child) and 1 or 0 } end
  if ARGV[5] == 'hold' then
    holds = true
  else
    redis.call('SREM', parent.job .. ':dependencies', child)
  end
  return { 'ok', 0 }
end

local results = {}
for index = 7, #ARGV do
  results[#results + 1] = untie(ARGV[index])
end
if holds then redis.call('SADD', parent.job .. ':dependencies', NEVER) end
return results
