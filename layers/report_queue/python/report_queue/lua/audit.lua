-- flags: no-writes
-- needs: suspect
-- Looks at some of what the broker keeps, for what contradicts the records
-- Takes: place? {part, cursor} (without: where the last round ended); limit, about how many members to look at, at most
--        500; size? (whether to count all). Gives: suspects (see `suspect`); looked; next? {part, cursor}, nothing after
--        the last part; size?, how many members there are.
-- What is put right in one part may show in a later one, so a page ends with the part that has suspects.
local WALK = {
  'jobs', 'waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled', 'expiries', 'index',
  'dedups', 'windows', 'beats', 'workers', 'turns', 'limited', 'tenants',
}

local function begun(place)
  if not place then
    local part, cursor = string.match(redis.call('HGET', key.meters, 'audit') or '', '^(%a+)|(%d+)$')
    place = {part = part, cursor = cursor}
  end
  for position, part in ipairs(WALK) do
    if part == place.part then return position, place.cursor end
  end
  return 1, '0'
end

local function walked_by(part, cursor, count)
  local found
  if PART.hash[part] then
    found = look('HSCAN', part, cursor, 'COUNT', count)
  else
    found = look('ZSCAN', part, cursor, 'COUNT', count)
  end
  local members, values = {}, {}
  for position = 1, #found[2], 2 do
    members[#members + 1] = found[2][position]
    values[#values + 1] = found[2][position + 1]
  end
  return found[1], members, values
end

local function size_of_all()
  local size = 0
  for _, part in ipairs(WALK) do
    size = size + (PART.hash[part] and look('HLEN', part) or look('ZCARD', part))
  end
  return size
end

local function audit(args)
  local now = clock(args)
  local position, cursor = begun(args.place)
  local suspects, looked = {}, 0
  while WALK[position] and looked < args.limit and #suspects == 0 do
    local part, members, values = WALK[position], nil, nil
    -- A tenant has many lines.
    local count = part == 'tenants' and math.ceil((args.limit - looked) / 10) or args.limit - looked
    cursor, members, values = walked_by(part, cursor, count)
    for _, one in ipairs(suspect(part, members, values, now)) do suspects[#suspects + 1] = one end
    looked = looked + (part == 'tenants' and 10 or 1) * #members + 1
    if cursor == '0' then position = position + 1 end
  end
  local onward = WALK[position] and {part = WALK[position], cursor = cursor}
  return {suspects = suspects, looked = looked, next = onward or nil, size = args.size and size_of_all() or nil}
end
