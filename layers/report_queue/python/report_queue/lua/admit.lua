-- May a tenant submit, and is its dedup key free? Asked before the ledger is told
-- Takes: tenant, id (of the job to come), jobs (how many), dedup? {key, window (ms), instead_of? (the job that may lose it)}.
-- Gives: holder? (the job that has the dedup key), its state, and since (ms) when it has it; else backlog (the tenant's waiting and delayed jobs) and
-- full, where its cap does not let these in.
-- The dedup key goes to the id, for so long. Idempotent by id: a job that is known is let in, and keeps its key.
local function admit(args)
  local now = clock(args)
  local name = args.dedup and args.tenant .. '|' .. args.dedup.key
  if look('HEXISTS', 'jobs', args.id) == 1 then return {full = false} end
  local holder, since = string.match(name and redis.call('HGET', key.dedups, name) or '', '^(.*)|(%d+)$')
  if holder and holder ~= args.id and holder ~= args.dedup.instead_of then
    if tonumber(redis.call('ZSCORE', key.windows, name) or 0) > now then
      return {holder = holder, state = state_of(holder), since = tonumber(since), full = false}
    end
  end
  local cap = limits_of(args.tenant).backlog
  local backlog = cap > 0 and count_of(args.tenant, 'waiting') + count_of(args.tenant, 'delayed') or 0
  if cap > 0 and backlog + args.jobs > cap then return {full = true, backlog = backlog} end
  if name then
    redis.call('HSET', key.dedups, name, args.id .. '|' .. ms(now))
    redis.call('ZADD', key.windows, now + args.dedup.window, name)
  end
  return {full = false, backlog = backlog}
end
