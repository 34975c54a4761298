-- flags: no-writes
-- needs: counts
-- Takes: nothing. Gives: counts of all tenants, oldest (ms that the first in waiting has been there), workers (alive), due? (the
-- next moment at which a delayed job is due).
local function gauges(args)
  local now = clock(args)
  local numbers = {counts = counts({}), workers = alive(now)}
  local first = redis.call('ZRANGE', key.waiting, 0, 0)[1]
  local job = first and read(first)
  numbers.oldest = job and now - job.at or nil
  local due = redis.call('ZRANGE', key.delayed, 0, 0, 'WITHSCORES')[2]
  numbers.due = due and tonumber(due)
  return numbers
end
