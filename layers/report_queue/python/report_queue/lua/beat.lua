-- flags: allow-oom
-- active stays active: renews the leases of a worker's jobs, up to the longest that one attempt may own a job
-- Takes: worker, beat (what to show of the worker), jobs [{id, attempt, progress}].
-- Gives: verdicts, one per job: active (carry on), or why the work is to be dropped.
-- A beat never signs a worker on, only claim does: one that arrives after `leave` brings no ghost to life.
local function beat(args)
  local now = clock(args)
  local verdicts = {}
  for position, mine in ipairs(args.jobs) do
    mine.worker = args.worker
    local job, state = held(mine)
    if job and state == 'active' then
      local ends = job.started + policy.attempt_ms
      put('active', mine.id, math.min(now + policy.lease_ms, ends))
      if mine.progress > job.progress then
        job.progress = mine.progress
        write(mine.id, job)
      end
      verdicts[position] = ends > now and 'active' or 'superseded'
    else
      verdicts[position] = job and 'superseded' or state
    end
  end
  local last = redis.call('HGET', key.beats, args.worker)
  if last then
    last = cjson.decode(last)
    last.beat = args.beat
    redis.call('ZADD', key.workers, now, args.worker)
    redis.call('HSET', key.beats, args.worker, cjson.encode(last))
  end
  return {verdicts = verdicts}
end
