-- flags: no-writes
-- needs: numbers
-- Why a job waits
-- Takes: id. Gives: state, or nothing where it is not known; and of a waiting job: paused (since when: the queue, or its
-- type), limited (rate or concurrency) and again_at, ahead (jobs of its tenant before it), share (its tenant's part of the
-- turns, 0 to 1), waiting and active (all tenants' jobs), workers (alive), recent (see `numbers`).
local function explain(args)
  local now = clock(args)
  local job, state = read(args.id), state_of(args.id)
  if not (job and state == 'waiting') then return {state = job and state} end
  local tenant = tenant_of(job.tenant)
  local place = score_of('waiting', args.id) - tenant.lines[job.type] * LINE
  local ahead = 0
  for _, line in pairs(tenant.lines) do
    ahead = ahead + look('ZCOUNT', 'waiting', line * LINE, '(' .. ms(line * LINE + place))
  end
  local limited_by, again_at = limited(job.tenant, tenant, now)
  local mine, all = limits_of(job.tenant).weight, 0
  for _, name in ipairs(look('ZRANGE', 'turns', 0, 999)) do all = all + limits_of(name).weight end
  if not score_of('turns', job.tenant) then all = all + mine end  -- it stands back now
  return {
    state = state,
    paused = tonumber(redis.call('HGET', key.paused, '*') or redis.call('HGET', key.paused, job.type)),
    limited = limited_by, again_at = again_at,
    ahead = ahead, share = mine / math.max(all, mine),
    waiting = look('ZCARD', 'waiting'), active = look('ZCARD', 'active'),
    workers = alive(now), recent = recent(now),
  }
end
