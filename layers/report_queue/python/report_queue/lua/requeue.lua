-- flags: allow-oom
-- active -> waiting | failed, for leases that are over
-- Takes: limit. Gives: requeued [id], failed [id].
-- A stall is a worker's death, not the job's fault: it has a budget of its own beside the attempts. The job goes back
-- to its place in waiting, before what came later.
local function requeue(args)
  local now = clock(args)
  local requeued, failed = {}, {}
  for _, id in ipairs(look('ZRANGE', 'active', '-inf', now, 'BYSCORE', 'LIMIT', 0, args.limit)) do
    local job = read_or_drop(id, 'active')
    if job then
      job.stalls = job.stalls + 1
      note(job, 'requeue', now, 'stalled')
      count('stalled', now)
    end
    if job and job.stalls > policy.stalls then
      job.reason, job.signature = 'stalled', 'stalled'
      job.message = 'the lease ran out ' .. job.stalls .. ' times: each worker that claimed it died or hung'
      count('failed', now)
      move(id, job, 'active', 'failed', now)
      failed[#failed + 1] = id
    elseif job then
      job.progress = 0
      move(id, job, 'active', 'waiting', now, line_of(job) * LINE + job.place)
      requeued[#requeued + 1] = id
    end
  end
  return {requeued = requeued, failed = failed}
end
