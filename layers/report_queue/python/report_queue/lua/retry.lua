-- failed | cancelled -> waiting, as a new round of the same job with fresh budgets
-- Takes: id, round (the new one). Gives: verdict, the state afterwards (waiting where it worked) or unknown; wakes.
-- Idempotent by round: told twice, it moves once. The attempt number goes on counting, for it is the fence.
local function retry(args)
  local now = clock(args)
  local job = read(args.id)
  if not job then return {verdict = 'unknown', wakes = {}} end
  local state = state_of(args.id)
  if (state == 'failed' or state == 'cancelled') and job.round < args.round then
    job.round, job.failures, job.stalls, job.progress = args.round, 0, 0, 0
    job.reason, job.message, job.outages = nil, nil, nil
    move(args.id, job, state, 'waiting', now, now)
    state = 'waiting'
  end
  return {verdict = state, wakes = grant_wakes(now)}
end
