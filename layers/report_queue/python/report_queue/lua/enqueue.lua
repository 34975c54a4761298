-- -> waiting | delayed
-- Takes: jobs [{id, tenant, type, accepted, attempts, round, due?}], at most 500.
-- Gives: wakes, tokens of the workers to wake.
-- Idempotent by id: a job that is known, and has a state, stays as it is. Refused when memory is full (the ledger has the request).
local function enqueue(args)
  local now = clock(args)
  for _, new in ipairs(args.jobs) do
    if redis.call('HEXISTS', key.jobs, new.id) == 0 or not state_of(new.id) then
      local job = {
        tenant = new.tenant, type = new.type, accepted = new.accepted, attempts = new.attempts, round = new.round,
        attempt = 0, failures = 0, stalls = 0, progress = 0,
      }
      if new.due and new.due > now then
        move(new.id, job, nil, 'delayed', new.due, now)
      else
        move(new.id, job, nil, 'waiting', now, now)
      end
    end
  end
  return {wakes = grant_wakes(now)}
end
