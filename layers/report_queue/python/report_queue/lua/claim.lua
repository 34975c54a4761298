-- flags: allow-oom
-- needs: finish promote requeue
-- waiting -> active, several at once; first the ends of the jobs that the worker finished since its last call
-- Takes: worker, call (counts the worker's calls), beat (what to show of the worker), token? (of the wake that started
--        it), finished [{verb, id, attempt, …}], free (slots), leave (it holds no job: if none waits, it goes).
-- Gives: verdicts [verdict per finished], leases [{id, tenant, type, attempt, round, accepted}], left.
-- Any claim also promotes what is due and requeues what is over, so that recovery waits for no schedule.
-- No more than the cap are signed on: who comes beyond it is sent home.
-- "None waits, so leave" is decided here, in one step: whatever is enqueued later sees no worker and asks for a wake.
-- Idempotent by call: where the reply was lost, the same call gives the same leases again, renewed.
local function lease_of(id, job)
  return {
    id = id, tenant = job.tenant, type = job.type, attempt = job.attempt, round = job.round, accepted = job.accepted,
  }
end

local function claim(args)
  local now = clock(args)
  if args.token then redis.call('ZREM', key.wakes, args.token) end
  local last = redis.call('HGET', key.beats, args.worker)
  last = last and cjson.decode(last)

  -- One too many: a wake was delivered twice, or late, when others had been sent in its place.
  if not last and args.leave and #args.finished == 0 and alive(now) >= policy.workers then
    return {verdicts = {}, leases = {}, left = true}
  end

  local verdicts = finish(args, now)
  promote({now = now, limit = 100})
  requeue({now = now, limit = 100})

  local leases, claimed = {}, {}
  if last and last.call == args.call then
    for _, id in ipairs(last.claimed) do
      local job = read(id)
      if job and job.worker == args.worker and state_of(id) == 'active' then
        redis.call('ZADD', key.active, ms(now + policy.lease_ms), id)
        leases[#leases + 1], claimed[#claimed + 1] = lease_of(id, job), id
      end
    end
  elseif args.free > 0 then
    for _, id in ipairs(redis.call('ZRANGE', key.waiting, 0, args.free - 1)) do
      local job = read_or_drop(id, 'waiting')
      if job then
        job.attempt, job.worker, job.started, job.progress = job.attempt + 1, args.worker, now, 10
        move(id, job, 'waiting', 'active', now + policy.lease_ms, now)
        leases[#leases + 1], claimed[#claimed + 1] = lease_of(id, job), id
      end
    end
  end

  local left = args.leave and #leases == 0 and redis.call('ZCARD', key.waiting) == 0
  if left then
    remove_worker(args.worker)
  else
    redis.call('ZADD', key.workers, ms(now), args.worker)
    redis.call('HSET', key.beats, args.worker, cjson.encode({beat = args.beat, call = args.call, claimed = claimed}))
  end
  return {verdicts = verdicts, leases = leases, left = left}
end
