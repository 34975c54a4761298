-- What every script begins with: the keys, the clock, a job's record, and `move`, the one thing that changes a state.
--
-- Keys (all declared, all with the queue's hash tag; their number does not grow with jobs, tenants or workers):
--   waiting delayed active completed failed cancelled   sorted sets, id -> the moment that matters there:
--                                                       order | due | lease end | end | end | end   (ms)
--   jobs      hash, id -> JSON record; says everything about a job except its state
--   index     sorted set of score 0, `tenant|state|at|id`: lists and counts by tenant, newest first, by BYLEX
--   workers   sorted set, worker -> moment of its last beat
--   beats     hash, worker -> JSON of that beat, and what its last claim gave
--   wakes     sorted set, token -> moment at which an unanswered wake is forgotten
--   tokens    counter of wake tokens
--
-- A record: tenant, type, accepted, attempts (allowed failures), attempt (the fence: claims so far), failures, stalls,
-- outages, round, at (when it entered its state), progress, worker, started, reason, message, result.
--
-- Redis does not roll a script back: check first, write afterwards, and give every loop a limit.

local NAMES = {
  'waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled', 'jobs', 'index', 'workers', 'beats', 'wakes', 'tokens',
}
local STATES = {'waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled'}

local key = {}
for position, name in ipairs(NAMES) do key[name] = KEYS[position] end

local function clock(args)
  if args.now then return args.now end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function ms(moment) return string.format('%.0f', moment) end

local function read(id)
  local record = redis.call('HGET', key.jobs, id)
  return record and cjson.decode(record)
end

local function write(id, job) redis.call('HSET', key.jobs, id, cjson.encode(job)) end

-- The record of a job that stands in a state's set. An id without one (an evicted record, say) would stop every script
-- that meets it: it leaves the set here, and the reconciler enqueues the job anew from the ledger.
local function read_or_drop(id, state)
  local job = read(id)
  if not job then redis.call('ZREM', key[state], id) end
  return job
end

-- The state that a job is in and its moment there: membership is the only record of it.
local function state_of(id)
  for _, state in ipairs(STATES) do
    local moment = redis.call('ZSCORE', key[state], id)
    if moment then return state, tonumber(moment) end
  end
end

local function index_member(id, job, state)
  return table.concat({job.tenant, state, string.format('%013.0f', job.at), id}, '|')
end

-- Every arrow of the drawing. `from` nil: a new job; `to` nil: a job that is forgotten.
local function move(id, job, from, to, moment, now)
  if from then
    redis.call('ZREM', key[from], id)
    redis.call('ZREM', key.index, index_member(id, job, from))
  end
  if to then
    job.at = now
    redis.call('ZADD', key[to], ms(moment), id)
    redis.call('ZADD', key.index, 0, index_member(id, job, to))
    write(id, job)
  else
    redis.call('HDEL', key.jobs, id)
  end
end

-- The job, if this worker's attempt still owns it or was the last to; else nil and the word that says why not.
local function held(args)
  local job = read(args.id)
  if not job then return nil, 'unknown' end
  local state = state_of(args.id)
  if state == 'cancelled' then return nil, 'cancelled' end
  if job.attempt ~= args.attempt or job.worker ~= args.worker then return nil, 'superseded' end
  return job, state
end

-- How many workers have beaten within the last lease.
local function alive(now) return redis.call('ZCOUNT', key.workers, ms(now - policy.lease_ms), '+inf') end

-- Decides whether workers are wanted for what waits, and how many: one token each. A worker that lives or has been
-- sent for (its token is not answered yet) counts; more than the cap never do.
local function grant_wakes(now)
  redis.call('ZREMRANGEBYSCORE', key.wakes, '-inf', ms(now))
  local granted = {}
  local waiting = redis.call('ZCARD', key.waiting)
  if waiting == 0 then return granted end
  local sent = alive(now) + redis.call('ZCARD', key.wakes)
  local wanted = math.min(policy.workers, math.ceil((waiting + redis.call('ZCARD', key.active)) / policy.slots))
  for _ = sent + 1, wanted do
    local token = ms(redis.call('INCR', key.tokens))
    redis.call('ZADD', key.wakes, ms(now + policy.wake_ms), token)
    granted[#granted + 1] = token
  end
  return granted
end

-- A worker is gone: it counts for no wake and stands in no list.
local function remove_worker(worker)
  redis.call('ZREM', key.workers, worker)
  redis.call('HDEL', key.beats, worker)
end
