-- flags: no-writes
-- Takes: nothing. Gives: workers [{id, at, beat}], those whose last beat is younger than a lease, oldest id first.
local function workers(args)
  local since = ms(clock(args) - policy.lease_ms)
  local alive = redis.call('ZRANGE', key.workers, since, '+inf', 'BYSCORE', 'LIMIT', 0, 1000, 'WITHSCORES')
  local found = {}
  for i = 1, #alive, 2 do
    local last = cjson.decode(redis.call('HGET', key.beats, alive[i]))
    found[#found + 1] = {id = alive[i], at = tonumber(alive[i + 1]), beat = last.beat}
  end
  return {workers = found}
end
