-- flags: allow-oom
-- needs: finish promote requeue expire
-- waiting -> active, several at once; first the ends of the jobs that the worker finished since its last call
-- Takes: worker, call (counts the worker's calls), beat (what to show of the worker), token? (of the wake that started
--        it), finished [{verb, id, attempt, …}], free (slots), leave (it holds no job: if none may start, it goes).
-- Gives: verdicts [verdict per finished], leases [{id, tenant, type, attempt, round, accepted}], left, again_at? (where
--        a rate, or its retry, holds a job back for a moment: when to ask again), requeued? [id], failed? [id], expired? [id] (of others).
-- Any claim also promotes what is due, requeues what is over and expires what is too late, so that none of it waits for
-- a schedule.
-- No more than the cap are signed on: who comes beyond it is sent home.
-- A job that stalled twice is not given to a worker that has another such: what kills its workers would take the same
-- neighbour with it each time, until that one fails as stalled too. Once is no sign: a broker that was away makes all stall.
-- "None may start, so leave" is decided here, in one step: whatever is enqueued later sees no worker and asks for a wake.
-- Idempotent by call: where the reply was lost, the same call gives the same leases again, renewed.
local SUSPECT = 2  -- stalls
local LINGER = 2000  -- ms that an idle worker waits for a rate, rather than leave
local RETRIES = 10  -- so many of the next due are looked at

-- A list, or nothing where it is empty: most replies have none of these.
local function some(ids)
  return #ids > 0 and ids or nil
end

local function lease_of(id, job)
  return {
    id = id, tenant = job.tenant, type = job.type, attempt = job.attempt, round = job.round, accepted = job.accepted,
  }
end

local function start(id, job, position, worker, now)
  job.place = position  -- it goes back there if the worker dies
  job.attempt, job.worker, job.started, job.progress = job.attempt + 1, worker, now, 10
  note(job, 'claim', now)
  count('started', now)
  measure('wait', now, now - job.at)
  move(id, job, 'waiting', 'active', now, now + policy.lease_ms)
end

-- The tenants whose turns are next, for as many jobs: nobody further back can be due before.
local function next_turns(jobs)
  local found, turns = look('ZRANGE', 'turns', 0, jobs - 1, 'WITHSCORES'), {}
  for position = 1, #found, 2 do
    turns[#turns + 1] = {name = found[position], virtual = tonumber(found[position + 1])}
  end
  return turns
end

local function first_of(turns)
  local first = turns[1]
  for position = 2, #turns do
    if turns[position].virtual < first.virtual then first = turns[position] end
  end
  return first
end

local function has_suspect(ids)
  for _, id in ipairs(ids) do
    local job = read(id)
    if job and job.stalls >= SUSPECT then return true end
  end
  return false
end

-- Up to `free` jobs by their tenants' turns; where a rate holds the next one back, until when; and what was too late.
-- `suspect`: the worker has a job that stalled twice.
local function take_turns(free, worker, now, suspect)
  local leases, late = {}, {}
  look_again(now)
  if redis.call('HEXISTS', key.paused, '*') == 1 then return leases, nil, late end
  local virtual, again_at
  local allowed_at = policy.rate > 0 and tonumber(redis.call('HGET', key.meters, 'allowed_at') or 0)
  local turns = next_turns(free)
  local view = view_of_waiting(math.ceil(free / math.max(#turns, 1)))
  for _ = 1, free + 100 do
    if #leases == free then break end
    local next_at = allowed_at and rate_allows_at(allowed_at, policy.rate) or 0
    if next_at > now then
      again_at = math.ceil(next_at)
      break
    end
    local turn = first_of(turns)
    if not turn then break end
    local name = turn.name
    local tenant = tenant_of(name)
    local head, held_back = head_of(tenant, view)
    local _, not_before = limited(name, tenant, now)
    if not head then
      stand_back(name, held_back and now + 5000)
      turns = next_turns(free)
    elseif not_before then
      stand_back(name, not_before)
      turns = next_turns(free)
    else
      local id, job = head.id, read_or_drop(head.id, 'waiting')
      if job and job.stalls >= SUSPECT and suspect then break end  -- it stays first in its line, for another worker
      head.at = head.at + 2
      if job and job.expires and job.expires <= now then
        expire_one(id, job, 'waiting', now)  -- one of more than `expire` had time for
        late[#late + 1] = id
      elseif job then
        suspect = suspect or job.stalls >= SUSPECT
        start(id, job, head.position, worker, now)
        leases[#leases + 1] = lease_of(id, job)
        virtual = turn.virtual
        turn.virtual = virtual + 1 / limits_of(name).weight
        put('turns', name, turn.virtual)
        if limits_of(name).rate > 0 then
          tenant.allowed_at = rate_moves_on(tenant.allowed_at, limits_of(name).rate, now)
          changed[name] = true
        end
        if allowed_at then allowed_at = rate_moves_on(allowed_at, policy.rate, now) end
      end
    end
  end
  if virtual then redis.call('HSET', key.meters, 'virtual', virtual) end
  if allowed_at and virtual then redis.call('HSET', key.meters, 'allowed_at', allowed_at) end
  return leases, again_at or tonumber(redis.call('ZRANGE', key.limited, 0, 0, 'WITHSCORES')[2]), late
end

-- The leases of a call whose reply was lost, renewed; as a beat does, up to the longest that one attempt may own a job: a
-- worker that no reply reaches must not keep it from those that would make it.
local function given_before(claimed, worker, now)
  local leases = {}
  for _, id in ipairs(claimed) do
    local job = read(id)
    if job and job.worker == worker and state_of(id) == 'active' then
      put('active', id, math.min(now + policy.lease_ms, job.started + policy.attempt_ms))
      leases[#leases + 1] = lease_of(id, job)
    end
  end
  return leases
end

-- When the next retry is due, where that is soon and there are no others who would start it: the poller may have left
-- before the failure, and not look before the next minute.
local function retry_soon(worker, now)
  local others = alive(now) - (score_of('workers', worker) and 1 or 0)
  local due = look('ZRANGE', 'delayed', '-inf', '(' .. ms((now + policy.stay_ms) * DUE), 'BYSCORE', 'LIMIT', 0, RETRIES)
  local retries, first = 0, nil
  for _, id in ipairs(due) do
    local job = read(id)
    if job and job.failures + job.outages > 0 then
      retries = retries + 1
      first = first or math.floor(score_of('delayed', id) / DUE)
    end
  end
  if others * policy.slots < retries + look('ZCARD', 'active') then return first end
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
  local over = requeue({now = now, limit = 100})
  local expired = expire({now = now, limit = 100}).expired

  local leases, again_at, late = {}, nil, {}
  if last and last.call == args.call then
    leases = given_before(last.claimed, args.worker, now)
  elseif args.free > 0 then
    leases, again_at, late = take_turns(args.free, args.worker, now, has_suspect(args.beat.jobs))
  end

  local idle = args.leave and #leases == 0
  if again_at and again_at > now + LINGER then again_at = nil end
  if idle and not again_at then again_at = retry_soon(args.worker, now) end
  local left = idle and not again_at and startable(1) == 0
  if left then
    remove_worker(args.worker)
  else
    local claimed = {}
    for position, lease in ipairs(leases) do claimed[position] = lease.id end
    redis.call('ZADD', key.workers, now, args.worker)
    redis.call('HSET', key.beats, args.worker, cjson.encode({beat = args.beat, call = args.call, claimed = claimed}))
  end
  for _, id in ipairs(late) do expired[#expired + 1] = id end
  return {
    verdicts = verdicts, leases = leases, left = left, again_at = again_at,
    requeued = some(over.requeued), failed = some(over.failed), expired = some(expired),
  }
end
