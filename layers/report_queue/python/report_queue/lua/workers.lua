-- flags: no-writes
-- Takes: nothing. Gives: workers [{id, at, beat}], those whose last beat is younger than a lease, oldest id first.
local function workers(args)
  local since = ms(clock(args) - policy.lease_ms)
  local beaten = redis.call('ZRANGE', key.workers, since, '+inf', 'BYSCORE', 'LIMIT', 0, 1000, 'WITHSCORES')
  local found = {}
  for i = 1, #beaten, 2 do
    local last = redis.call('HGET', key.beats, beaten[i])
    if last then
      found[#found + 1] = {id = beaten[i], at = tonumber(beaten[i + 1]), beat = cjson.decode(last).beat}
    end
  end
  return {workers = found}
end
