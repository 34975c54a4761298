-- flags: no-writes
-- Takes: limit, at most 500. Gives: due [{tenant, id}], the schedules to look at now, the longest due first; now;
--        next, the moment at which one is to be looked at after these; absent where nothing is planned then.
local function due(args)
  local now = clock(args)
  local members = redis.call('ZRANGE', key.plans, '-inf', now, 'BYSCORE', 'LIMIT', 0, args.limit)
  local found = {}
  for position, member in ipairs(members) do
    local tenant, id = string.match(member, '^([^|]*)|(.*)$')
    found[position] = {tenant = tenant, id = id}
  end
  local later = redis.call('ZRANGE', key.plans, '(' .. ms(now), '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  return {due = found, now = now, next = tonumber(later[2])}
end
