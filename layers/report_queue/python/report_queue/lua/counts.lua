-- flags: no-writes
-- Takes: tenant?. Gives: a number per state, of that tenant or of all.
local function counts(args)
  local numbers = {}
  for _, state in ipairs(STATES) do
    numbers[state] = args.tenant and count_of(args.tenant, state) or look('ZCARD', state)
  end
  return numbers
end
