-- flags: allow-oom
-- active -> delayed (a retry) | failed
-- Takes: id, attempt, worker, reason, message, signature (of the failure: like ones have the same), permanent, blameless,
--        random (0..1). Gives: verdict.
-- The broker decides from the failures that it knows. The wait before a retry is the job's own or the queue's: fixed, or
-- doubling with each; and longer by a random share. No more than so many retries are due in one second: a storm of
-- failures is spread further.
-- A blameless failure is an outage, not the job's fault: it costs no attempt, and its backoff grows by itself.
-- Idempotent by attempt: told twice, it answers the same twice.
local function retry_at(job, tries, random, now)
  local backoff = job.backoff or {kind = 'exponential', ms = policy.backoff_ms, jitter = policy.backoff_jitter}
  local wait = backoff.ms
  if backoff.kind == 'exponential' then wait = wait * 2 ^ (tries - 1) end
  wait = math.min(wait, policy.backoff_limit_ms)
  local due = now + math.floor(wait * (1 + backoff.jitter * random))
  -- A second on either side, so that no second that it is part of has too many.
  for _ = 1, 600 do
    local from, to = ms((due - 999) * DUE), '(' .. ms((due + 1000) * DUE)
    if look('ZCOUNT', 'delayed', from, to) < policy.retries_per_second then break end
    due = due + 1000
  end
  return due
end

local function fail(args)
  local now = clock(args)
  local job, state = held(args)
  if not job then return {verdict = state} end
  if state == 'active' then
    job.reason, job.message, job.signature = args.reason, args.message, args.signature
    note(job, 'fail', now, args.reason, args.message)
    local tries
    if args.blameless then
      job.outages = job.outages + 1
      tries = job.outages
    else
      job.failures = job.failures + 1
      tries = job.failures
    end
    if args.permanent or job.failures >= job.attempts then
      count('failed', now)
      move(args.id, job, 'active', 'failed', now)
      return {verdict = 'failed'}
    end
    job.progress = 0
    count('retried', now)
    move(args.id, job, 'active', 'delayed', now, retry_at(job, tries, args.random, now))
    return {verdict = 'delayed'}
  end
  return {verdict = (state == 'delayed' or state == 'failed') and state or 'superseded'}
end
