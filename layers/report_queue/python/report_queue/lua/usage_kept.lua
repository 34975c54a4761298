-- flags: allow-oom
-- A tenant's usage stands in the store, up to a version: its days before yesterday, to which nothing is added any more,
-- are forgotten here
-- Takes: tenant, epoch, version. Gives: kept, false where the broker has begun anew since.
local function usage_kept(args)
  local now = clock(args)
  if redis.call('HGET', key.usage, '*') ~= args.epoch then return {kept = false} end
  local mine = usage_of(args.tenant)
  local yesterday, left = math.floor(now / 86400000) - 1, false
  for day in pairs(mine.days) do
    if tonumber(day) < yesterday then mine.days[day] = nil else left = true end
  end
  if left then
    mine.kept, mine.kept_at = args.version, now
    redis.call('HSET', key.usage, args.tenant, cjson.encode(mine))
  else
    redis.call('HDEL', key.usage, args.tenant)
  end
  return {kept = true}
end
