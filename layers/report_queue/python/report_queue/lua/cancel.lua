-- flags: allow-oom
-- waiting | delayed | active -> cancelled
-- Takes: id, reason, message, idle (only if no worker has it). Gives: verdict: cancelled (now or before), active (a worker
-- has it, and it was to be idle), completed or failed (too late), unknown.
-- The worker of an active job hears of it with its next beat and kills the child.
local function cancel(args)
  local now = clock(args)
  local job = read(args.id)
  if not job then return {verdict = 'unknown'} end
  local state = state_of(args.id)
  if not state then return {verdict = 'unknown'} end
  if TERMINAL[state] or (state == 'active' and args.idle) then return {verdict = state} end
  job.reason, job.message = args.reason, args.message
  note(job, 'cancel', now, args.reason)
  count('cancelled', now)
  move(args.id, job, state, 'cancelled', now)
  return {verdict = 'cancelled'}
end
