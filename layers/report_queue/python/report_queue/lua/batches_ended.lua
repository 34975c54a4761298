-- flags: no-writes
-- The open batches of which no job is on its way
-- Takes: cursor ('0' at first); limit, about how many to look at, at most 500.
-- Gives: ended [{id, tenant}]; cursor, where to go on: '0' at the end.
local function batches_ended(args)
  local scanned = redis.call('HSCAN', key.batches, args.cursor, 'COUNT', args.limit)
  local ended = {}
  for i = 1, #scanned[2], 2 do
    local id, on_its_way = scanned[2][i], 0
    for _, state in ipairs({'waiting', 'delayed', 'active'}) do
      local prefix = '[batch:' .. id .. '|' .. state .. '|'
      on_its_way = on_its_way + look('ZLEXCOUNT', 'index', prefix, prefix .. '\255')
    end
    if on_its_way == 0 then ended[#ended + 1] = {id = id, tenant = scanned[2][i + 1]} end
  end
  return {ended = ended, cursor = scanned[1]}
end
