-- flags: no-writes
-- needs: counts
-- Takes: nothing. Gives: counts of all tenants, oldest (ms that the first in waiting has been there), workers (alive), due? (the
-- next moment at which a delayed job is due).
local function gauges(args)
  local now = clock(args)
  local numbers = {counts = counts({}), workers = redis.call('ZCOUNT', key.workers, ms(now - policy.lease_ms), '+inf')}
  local first = redis.call('ZRANGE', key.waiting, 0, 0)[1]
  numbers.oldest = first and now - read(first).at
  local due = redis.call('ZRANGE', key.delayed, 0, 0, 'WITHSCORES')[2]
  numbers.due = due and tonumber(due)
  return numbers
end
