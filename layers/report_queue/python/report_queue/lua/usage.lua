-- flags: no-writes
-- What a tenant used, as far as it is not forgotten here
-- Takes: tenant. Gives: epoch and days {day: {report type: [completed, failed, pages, bytes, ms]}}, or nothing.
local function usage(args)
  local found = redis.call('HGET', key.usage, args.tenant)
  if not found then return {} end
  return {epoch = redis.call('HGET', key.usage, '*'), days = cjson.decode(found).days}
end
