-- Mend pause: jobs that lie in both lists, or in the wrong one, come together in the one that fits the queue's flag,
-- which stays as it is: while it is paused in the paused list, behind those that were there, else in wait, before them.
--
-- KEYS       see the prelude
-- ARGV[5]    how many jobs one call may move by hand
-- RETURNS    {1 if the queue is paused, else 0, jobs moved, jobs still to be moved by the next call}
-- ATOMICITY  at most ARGV[5] jobs a call, unless a renaming moves them all; none is in no list at any time

-- WITH paused_list

local moved, left = 0, 0
if not is_paused(own) then
  moved = bring_back(tonumber(ARGV[5]))
  left = redis.call('LLEN', own.paused)
  if moved > 0 then wake_all(own) end
  return { 0, moved, left }
end
if is_set_aside() then
  moved = set_aside(tonumber(ARGV[5]))
  left = redis.call('LLEN', own.wait)
end
return { 1, moved, left }
