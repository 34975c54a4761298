-- flags: allow-oom
-- completed | failed | cancelled -> forgotten, by age and by number; what is over of dedup keys; workers silent for long
-- Takes: limit. Gives: pruned, how many jobs. The receipt stays in the ledger.
local function prune(args)
  local now = clock(args)
  local pruned = 0
  for state in pairs(TERMINAL) do
    local over = math.max(
      look('ZCARD', state) - policy['retention_' .. state .. '_count'],
      look('ZCOUNT', state, '-inf', now))
    over = math.min(over, args.limit - pruned)
    if over > 0 then
      for _, id in ipairs(look('ZRANGE', state, 0, over - 1)) do
        local job = read_or_drop(id, state)
        if job then move(id, job, state, nil) end
      end
      pruned = pruned + over
    end
  end
  for _, name in ipairs(redis.call('ZRANGE', key.windows, '-inf', now, 'BYSCORE', 'LIMIT', 0, args.limit)) do
    redis.call('ZREM', key.windows, name)
    redis.call('HDEL', key.dedups, name)
  end
  local silent = ms(now - 10 * policy.lease_ms)
  for _, worker in ipairs(redis.call('ZRANGE', key.workers, '-inf', silent, 'BYSCORE', 'LIMIT', 0, 100)) do
    remove_worker(worker)
  end
  return {pruned = pruned}
end
