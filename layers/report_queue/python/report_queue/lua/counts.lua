-- flags: no-writes
-- Takes: tenant?. Gives: a number per state, of that tenant or of all.
local function counts(args)
  local numbers = {}
  for _, state in ipairs(STATES) do
    if args.tenant then
      local prefix = '[' .. args.tenant .. '|' .. state .. '|'
      numbers[state] = redis.call('ZLEXCOUNT', key.index, prefix, prefix .. '\255')
    else
      numbers[state] = redis.call('ZCARD', key[state])
    end
  end
  return numbers
end
