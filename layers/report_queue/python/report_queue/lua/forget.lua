-- flags: allow-oom
-- completed | failed | cancelled -> forgotten, one job by hand: its documents were deleted
-- Takes: id. Gives: verdict: unknown (forgotten, now or before), or the state of a job that has not ended and stays.
local function forget(args)
  local job = read(args.id)
  local state = job and state_of(args.id)
  if not state then return {verdict = 'unknown'} end
  if not TERMINAL[state] then return {verdict = state} end
  move(args.id, job, state, nil)
  return {verdict = 'unknown'}
end
