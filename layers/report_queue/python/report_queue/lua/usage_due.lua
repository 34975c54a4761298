-- flags: no-writes
-- Tenants whose usage has changed since it was last kept, or has days that may be forgotten
-- Takes: cursor ('0' at first); limit, about how many to look at, at most 500; before (ms): leave those that were kept
--        since. Gives: due [{tenant, version, days}]; epoch; cursor, where to go on: '0' at the end.
local function usage_due(args)
  local yesterday = math.floor(clock(args) / 86400000) - 1
  local scanned, due = redis.call('HSCAN', key.usage, args.cursor, 'COUNT', args.limit), {}
  for i = 1, #scanned[2], 2 do
    local tenant = scanned[2][i]
    local mine = tenant ~= '*' and cjson.decode(scanned[2][i + 1])
    local over = false
    for day in pairs(mine and mine.days or {}) do over = over or tonumber(day) < yesterday end
    if mine and (over or mine.version ~= mine.kept) and (mine.kept_at or 0) < args.before then
      due[#due + 1] = {tenant = tenant, version = mine.version, days = mine.days}
    end
  end
  return {due = due, epoch = redis.call('HGET', key.usage, '*'), cursor = scanned[1]}
end
