-- flags: allow-oom
-- active -> delayed (a retry) | failed
-- Takes: id, attempt, worker, reason, message, permanent, blameless, random (0..1). Gives: verdict.
-- The broker decides from the failures that it knows: backoff doubles with each, and is longer by a random share.
-- A blameless failure is an outage, not the job's fault: it costs no attempt, and its backoff grows by itself.
-- Idempotent by attempt: told twice, it answers the same twice.
local function fail(args)
  local now = clock(args)
  local job, state = held(args)
  if not job then return {verdict = state} end
  if state == 'active' then
    job.reason, job.message = args.reason, args.message
    local tries
    if args.blameless then
      job.outages = (job.outages or 0) + 1
      tries = job.outages
    else
      job.failures = job.failures + 1
      tries = job.failures
    end
    if args.permanent or job.failures >= job.attempts then
      move(args.id, job, 'active', 'failed', now, now)
      return {verdict = 'failed'}
    end
    local backoff = math.min(policy.backoff_ms * 2 ^ (tries - 1), policy.backoff_limit_ms)
    job.progress = 0
    move(args.id, job, 'active', 'delayed', now + math.floor(backoff * (1 + policy.backoff_jitter * args.random)), now)
    return {verdict = 'delayed'}
  end
  return {verdict = (state == 'delayed' or state == 'failed') and state or 'superseded'}
end
