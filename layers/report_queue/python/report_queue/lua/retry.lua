-- failed | cancelled -> waiting, as a new round of the same job with fresh budgets
-- Takes: id, round (the new one). Gives: verdict, the state afterwards (waiting where it worked) or unknown; wakes.
-- Idempotent by round: told twice, it moves once. The attempt number goes on counting, for it is the fence, and so does
-- the timeline.
local function retry(args)
  local now = clock(args)
  local job = read(args.id)
  local state = job and state_of(args.id)
  if not state then return {verdict = 'unknown', wakes = {}} end
  if (state == 'failed' or state == 'cancelled') and job.round < args.round then
    job.round, job.failures, job.stalls, job.outages, job.progress = args.round, 0, 0, 0, 0
    job.reason, job.message = nil, nil
    note(job, 'retry', now)
    move(args.id, job, state, 'waiting', now)
    state = 'waiting'
  end
  return {verdict = state, wakes = grant_wakes(now)}
end
