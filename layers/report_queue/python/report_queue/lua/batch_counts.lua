-- flags: no-writes
-- How far batches are
-- Takes: ids, of at most 500 batches. Gives: batches [{id, counts {state: jobs}}], in the order asked.
local function batch_counts(args)
  local batches = {}
  for _, id in ipairs(args.ids) do
    local counts = {}
    for _, state in ipairs(STATES) do
      local prefix = '[batch:' .. id .. '|' .. state .. '|'
      counts[state] = look('ZLEXCOUNT', 'index', prefix, prefix .. '\255')
    end
    batches[#batches + 1] = {id = id, counts = counts}
  end
  return {batches = batches}
end
