-- flags: allow-oom
-- waiting | delayed | active -> cancelled
-- Takes: id. Gives: verdict: cancelled (now or before), completed or failed (too late), unknown.
-- The worker of an active job hears of it with its next beat and kills the child.
local function cancel(args)
  local now = clock(args)
  local job = read(args.id)
  if not job then return {verdict = 'unknown'} end
  local state = state_of(args.id)
  if state == 'completed' or state == 'failed' or state == 'cancelled' then return {verdict = state} end
  job.reason, job.message = 'cancelled', 'cancelled on request'
  move(args.id, job, state, 'cancelled', now, now)
  return {verdict = 'cancelled'}
end
