-- flags: no-writes
-- needs: find
-- Takes: tenant, state, offset, limit. Gives: jobs as `find` does, newest in that state first.
local function list(args)
  local prefix = '[' .. args.tenant .. '|' .. args.state .. '|'
  local members = redis.call(
    'ZRANGE', key.index, prefix .. '\255', prefix, 'BYLEX', 'REV', 'LIMIT', args.offset, args.limit)
  local ids = {}
  for position, member in ipairs(members) do ids[position] = string.match(member, '[^|]+$') end
  return find({ids = ids})
end
