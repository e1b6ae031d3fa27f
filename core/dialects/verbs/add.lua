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
--            may walk the list)

local FIRST, FIELDS = 6, 8

-- WITH new_job

local results, jobs = {}, tonumber(ARGV[5])
for index = 0, jobs - 1 do
  local first = FIRST + index * FIELDS
  results[#results + 1] = add(ARGV[FIRST + jobs * FIELDS + index], unpack(ARGV, first, first + FIELDS - 1))
end
return results
