-- flags: allow-oom
-- Takes: plans [{tenant, id, at?}], at most 500: when to look at each schedule next; without `at`, never again.
--        absent: leave alone what is planned already.
-- Gives: changed, how many.
-- It only orders: what is forgotten here is planned again from the store.
local function plan(args)
  local changed = 0
  for _, entry in ipairs(args.plans) do
    local member = entry.tenant .. '|' .. entry.id
    if not entry.at then
      changed = changed + redis.call('ZREM', key.plans, member)
    elseif args.absent then
      changed = changed + redis.call('ZADD', key.plans, 'NX', entry.at, member)
    else
      changed = changed + redis.call('ZADD', key.plans, 'CH', entry.at, member)
    end
  end
  return {changed = changed}
end
