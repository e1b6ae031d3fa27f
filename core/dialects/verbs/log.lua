-- Log: a line is added to a job's log, which keeps as many as the job's options say.
--
-- KEYS       see the prelude
-- ARGV[5]    the line
-- ARGV[6]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, lines                                    it is written; lines is how many there are now
--            missing | ghost, state | foreign | nowhere   no such job; an id without its hash; the key is no job
-- ATOMICITY  all ids in one step; a few O(log n) commands each, but for lines that are dropped

-- kl is what BullMQ writes for keepLogs, from 3.6 on. Earlier versions and Bull know no such thing.
local function kept(job)
  local most = tonumber(options_of(job).kl)
  return most and most >= 1 and math.floor(most)
end

local function log(id, line)
  local job, refused = own.base .. id, no_job(own, id)
  if refused then return refused end
  local lines, most = redis.call('RPUSH', job .. ':logs', line), kept(job)
  if most and lines > most then
    redis.call('LTRIM', job .. ':logs', string.format('%.0f', -most), -1)
    lines = most
  end
  return { 'ok', lines }
end

local results = {}
for index = 6, #ARGV do
  results[#results + 1] = log(ARGV[index], ARGV[5])
end
return results
