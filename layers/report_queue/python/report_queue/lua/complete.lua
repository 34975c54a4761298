-- flags: allow-oom
-- active -> completed
-- Takes: id, attempt, worker, result (text, opaque), used [pages, bytes, ms]. Gives: verdict.
-- Idempotent by attempt: told twice, it answers `completed` twice.
local function complete(args)
  local now = clock(args)
  local job, state = held(args)
  if not job then return {verdict = state} end
  if state == 'active' then
    job.result, job.progress, job.reason, job.message, job.signature = args.result, 100, nil, nil, nil
    note(job, 'complete', now)
    count('completed', now)
    measure('run', now, now - job.started)
    use(job, now, 1, 0, unpack(args.used))
    move(args.id, job, 'active', 'completed', now)
    return {verdict = 'completed'}
  end
  return {verdict = state == 'completed' and 'completed' or 'superseded'}
end
