-- flags: no-writes
-- A tenant's failed jobs by their errors
-- Takes: tenant. Gives: groups [{signature, count, newest (id)}], at most 100, by signature; more (there are others).
-- It goes from one signature to the next, whatever their number of jobs.
local function groups(args)
  local prefix = args.tenant .. '|error:'
  local from, found = '[' .. prefix, {}
  for _ = 1, 100 do
    local member = look('ZRANGE', 'index', from, '[' .. prefix .. '\255', 'BYLEX', 'LIMIT', 0, 1)[1]
    if not member then return {groups = found, more = false} end
    local signature = string.match(string.sub(member, #prefix + 1), '^[^|]*')
    local first, last = '[' .. prefix .. signature .. '|', '[' .. prefix .. signature .. '|\255'
    local newest = look('ZRANGE', 'index', last, first, 'BYLEX', 'REV', 'LIMIT', 0, 1)[1]
    found[#found + 1] = {
      signature = signature,
      count = look('ZLEXCOUNT', 'index', first, last),
      newest = string.match(newest, '[^|]+$'),
    }
    from = '(' .. prefix .. signature .. '|\255'
  end
  return {groups = found, more = true}
end
