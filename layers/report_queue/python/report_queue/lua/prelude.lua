-- What every script begins with: the keys, the clock, a job's record, and `move`, the one thing that changes a state.
--
-- Keys (all declared, all with the queue's hash tag; their number does not grow with jobs, tenants or workers):
--   waiting    sorted set, id -> its place: line * 2^35 + position. A line is one tenant's jobs of one report type.
--   delayed    sorted set, id -> due moment * 1024 + place among those due in that very millisecond
--   active     sorted set, id -> end of its lease
--   completed failed cancelled   sorted sets, id -> moment at which it may be forgotten
--   jobs       hash, id -> record (see FIELDS); says everything about a job except its state
--   index      sorted set of score 0, read by BYLEX; see `members_of`. Waiting jobs are found by their lines instead.
--   tenants    hash, tenant -> {lines: type -> line, position: of the next job, virtual: its virtual time, allowed_at}
--   turns      sorted set, tenant -> virtual time: whose turn it is. Tenants with jobs that may start.
--   limited    sorted set, tenant -> moment to look again. Tenants with jobs that may not start now.
--   meters     hash: virtual (the queue's virtual time), allowed_at (of its rate), line, token (counters)
--   expiries   sorted set, id -> moment by which it must have started; only jobs that have one
--   dedups     hash, `tenant|dedup key` -> `id|since`; windows: sorted set, the same -> moment at which that is forgotten
--   paused     hash, `*` or report type -> since when
--   stats      hash of counters in slots of time, see `add`
--   plans      sorted set, `tenant|schedule` -> next moment at which it fires
--   batches    hash, batch -> tenant: those whose result is to be assembled once no job of theirs is on its way
--   workers    sorted set, worker -> moment of its last beat; beats: hash, worker -> that beat, and what it last claimed
--   wakes      sorted set, token -> moment at which an unanswered wake is forgotten
--
-- Redis does not roll a script back: check first, write afterwards, and give every loop a limit.

local NAMES = {
  'waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled', 'jobs', 'index', 'tenants', 'turns', 'limited',
  'meters', 'expiries', 'dedups', 'windows', 'paused', 'stats', 'plans', 'batches', 'workers', 'beats', 'wakes',
}
local STATES = {'waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled'}
local TERMINAL = {completed = true, failed = true, cancelled = true}

local key = {}
for position, name in ipairs(NAMES) do key[name] = KEYS[position] end

local function clock(args)
  if args.now then return args.now end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function ms(moment) return string.format('%.0f', moment) end

-- A record is an array in this order, cut after its last field that is not absent: what a job that was never claimed
-- does not have yet costs nothing. Names are used everywhere else.
-- attempts: allowed failures; attempt: claims so far, the fence; at: when it entered its state; place: its position when
-- it waited, within its line (a whole score has more digits than cjson keeps); events: the timeline, see `note`.
local FIELDS = {
  'tenant', 'type', 'accepted', 'at', 'attempts', 'priority', 'attempt', 'failures', 'stalls', 'outages', 'round',
  'progress', 'worker', 'started', 'reason', 'message', 'signature', 'result', 'place', 'backoff', 'expires', 'batch',
  'retention', 'tags', 'events',
}
local ABSENT = {
  priority = 5, attempt = 0, failures = 0, stalls = 0, outages = 0, round = 0, progress = 0,
}

local function decode(text)
  local values, job = cjson.decode(text), {}
  for position, name in ipairs(FIELDS) do
    local value = values[position]
    if value == nil or value == cjson.null then value = ABSENT[name] end
    job[name] = value
  end
  return job
end

local function encode(job)
  local values, last = {}, 0
  for position, name in ipairs(FIELDS) do
    local value = job[name]
    if value == nil or value == ABSENT[name] then
      values[position] = cjson.null
    else
      values[position], last = value, position
    end
  end
  for position = last + 1, #FIELDS do values[position] = nil end
  return cjson.encode(values)
end

local function read(id)
  local record = redis.call('HGET', key.jobs, id)
  return record and decode(record)
end

local function write(id, job) redis.call('HSET', key.jobs, id, encode(job)) end

-- The record of a job that stands in a state's set. An id without one (an evicted record, say) would stop every script
-- that meets it: it leaves the set here, and the reconciler enqueues the job anew from the ledger.
local function read_or_drop(id, state)
  local job = read(id)
  if not job then redis.call('ZREM', key[state], id) end
  return job
end

-- The state that a job is in and its score there: membership is the only record of it.
local function state_of(id)
  for _, state in ipairs(STATES) do
    local score = redis.call('ZSCORE', key[state], id)
    if score then return state, tonumber(score) end
  end
end

-- The first bytes of a text, and no part of a character: what is not UTF-8 would spoil every reply that has it.
local function cut(text, bytes)
  if #text <= bytes then return text end
  while bytes > 0 and string.find(text, '^[\128-\191]', bytes + 1) do bytes = bytes - 1 end
  return string.sub(text, 1, bytes)
end

-- The timeline: a verb's moment, attempt and worker, and why. The last 50 are kept.
local function note(job, verb, now, reason, message)
  local events = job.events or {}
  if #events >= 50 then table.remove(events, 1) end
  events[#events + 1] = {
    verb, now, job.attempt, job.worker or cjson.null, reason or cjson.null, message and cut(message, 300) or cjson.null,
  }
  job.events = events
end

-- Lines and turns.
-- A tenant's jobs of one type are a line: a range of scores in `waiting`. Whose turn it is goes by virtual time, which a
-- tenant's job moves on by 1 / weight: the tenant that is furthest behind is next, and one that comes anew begins at
-- the virtual time of the job that was claimed last, so that it neither waits for a backlog nor has credit.
-- A priority is a head start of 1,000 positions a step within the tenant.

local LINE = 2 ^ 35
local HEAD_START = 1000

local tenants, changed = {}, {}

local function tenant_of(name)
  if not tenants[name] then
    local record = redis.call('HGET', key.tenants, name)
    tenants[name] = record and cjson.decode(record) or {lines = {}, position = 0, virtual = 0, allowed_at = 0}
  end
  return tenants[name]
end

local function save_tenants()
  for name in pairs(changed) do redis.call('HSET', key.tenants, name, cjson.encode(tenants[name])) end
end

local function limits_of(name) return policy.tenants[name] or policy.tenant end

local function virtual_time() return tonumber(redis.call('HGET', key.meters, 'virtual') or 0) end

local function line_of(job)
  local lines = tenant_of(job.tenant).lines
  if not lines[job.type] then
    lines[job.type] = redis.call('HINCRBY', key.meters, 'line', 1) - 1
    changed[job.tenant] = true
  end
  return lines[job.type]
end

local function next_place(job)
  local tenant = tenant_of(job.tenant)
  local place = line_of(job) * LINE + tenant.position + HEAD_START * (9 - job.priority)
  tenant.position = tenant.position + 1
  changed[job.tenant] = true
  return place
end

-- Where a line begins and ends, as scores.
local function line_range(line) return ms(line * LINE), '(' .. ms((line + 1) * LINE) end

local function waiting_of(tenant)
  local number = 0
  for _, line in pairs(tenant.lines) do number = number + redis.call('ZCOUNT', key.waiting, line_range(line)) end
  return number
end

local function is_paused(type)
  return redis.call('HEXISTS', key.paused, '*') == 1 or redis.call('HEXISTS', key.paused, type) == 1
end

-- The job of a tenant that is next; without one, whether there would be but for a pause.
local function head_of(tenant)
  local some_pause = redis.call('HLEN', key.paused) > 0
  local head, first, held_back
  for type, line in pairs(tenant.lines) do
    local from, to = line_range(line)
    local found = redis.call('ZRANGE', key.waiting, from, to, 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
    if found[1] then
      local position = tonumber(found[2]) - line * LINE
      if some_pause and is_paused(type) then
        held_back = true
      elseif not first or position < first then
        head, first = found[1], position
      end
    end
  end
  return head, held_back
end

-- A rate lets a job pass while its allowed_at, which each moves on, is not further ahead than a second's worth.
local function rate_allows_at(allowed_at, rate)
  return rate > 0 and allowed_at - 1000 * (math.max(rate, 1) - 1) / rate or 0
end

local function rate_moves_on(allowed_at, rate, now) return math.max(allowed_at, now) + 1000 / rate end

-- How many of a tenant's jobs are in a state.
local function count_of(name, state)
  if state == 'waiting' then return waiting_of(tenant_of(name)) end
  local prefix = '[' .. name .. '|' .. state .. '|'
  return redis.call('ZLEXCOUNT', key.index, prefix, prefix .. '\255')
end

-- Why none of a tenant's jobs may start now, and when to look again; nil where one may.
local function limited(name, tenant, now)
  local limits = limits_of(name)
  if limits.concurrency > 0 and count_of(name, 'active') >= limits.concurrency then return 'concurrency', now + 5000 end
  local at = rate_allows_at(tenant.allowed_at, limits.rate)
  if at > now then return 'rate', math.ceil(at) end
end

-- A tenant's jobs may take their turns.
local function line_up(name)
  if redis.call('ZSCORE', key.turns, name) then return end
  if redis.call('ZSCORE', key.limited, name) then
    -- Where its other jobs are paused, this one may not be: it is looked at again.
    if redis.call('HLEN', key.paused) > 0 then redis.call('ZADD', key.limited, 0, name) end
    return
  end
  redis.call('ZADD', key.turns, math.max(tenant_of(name).virtual, virtual_time()), name)
end

-- A tenant's jobs may not start now, or there are none (no `again_at`).
local function stand_back(name, again_at)
  tenant_of(name).virtual = tonumber(redis.call('ZSCORE', key.turns, name) or 0)
  changed[name] = true
  redis.call('ZREM', key.turns, name)
  if again_at then redis.call('ZADD', key.limited, ms(again_at), name) end
end

-- Those whose time to look again has come: at most 20, so that a claim stays short.
local function look_again(now)
  for _, name in ipairs(redis.call('ZRANGE', key.limited, '-inf', ms(now), 'BYSCORE', 'LIMIT', 0, 20)) do
    local tenant = tenant_of(name)
    local _, again_at = limited(name, tenant, now)
    if not again_at then
      local head, held_back = head_of(tenant)
      if not head and held_back then again_at = now + 5000 end
    end
    if again_at then
      redis.call('ZADD', key.limited, ms(again_at), name)
    else
      redis.call('ZREM', key.limited, name)
      line_up(name)
    end
  end
end

-- The index: how jobs are found by what is known of them, newest first, without a key per value.
--   tenant|state|type|at|id          every state but waiting
--   tenant|tag:tag|accepted|id       each tag
--   tenant|error:signature|at|id     the last failure, while the job is failed
--   batch:batch|state|id             a batch's jobs
local function members_of(id, job, state)
  local at = string.format('%013.0f', job.at)
  local members = {}
  if state ~= 'waiting' then members[1] = table.concat({job.tenant, state, job.type, at, id}, '|') end
  if state == 'failed' and job.signature then
    members[#members + 1] = table.concat({job.tenant, 'error:' .. job.signature, at, id}, '|')
  end
  if job.batch then members[#members + 1] = table.concat({'batch:' .. job.batch, state, id}, '|') end
  return members
end

local function tags_of(id, job)
  local members = {}
  for position, tag in ipairs(job.tags or {}) do
    members[position] = table.concat({job.tenant, 'tag:' .. tag, string.format('%013.0f', job.accepted), id}, '|')
  end
  return members
end

local function add_to_index(members)
  for _, member in ipairs(members) do redis.call('ZADD', key.index, 0, member) end
end

local function remove_from_index(members)
  if #members > 0 then redis.call('ZREM', key.index, unpack(members)) end
end

-- A due moment as a score: those of the same millisecond stand in the order in which they came. A millisecond has 1,024
-- places; what does not fit goes to the next one, up to 100 ms late.
local DUE = 1024

local function due_score(due)
  for moment = due, due + 100 do
    local last = redis.call(
      'ZRANGE', key.delayed, '(' .. ms((moment + 1) * DUE), ms(moment * DUE), 'BYSCORE', 'REV', 'LIMIT', 0, 1, 'WITHSCORES')
    if not last[1] then return moment * DUE end
    if tonumber(last[2]) < (moment + 1) * DUE - 1 then return tonumber(last[2]) + 1 end
  end
  return (due + 101) * DUE - 1
end

-- Every arrow of the drawing. `from` nil: a new job; `to` nil: a job that is forgotten. `moment` is the due moment, the
-- lease's end, or a job's former place in waiting; elsewhere it follows from the job.
local function move(id, job, from, to, now, moment)
  if from then
    redis.call('ZREM', key[from], id)
    remove_from_index(members_of(id, job, from))
    if from == 'active' and redis.call('ZSCORE', key.limited, job.tenant) then
      redis.call('ZADD', key.limited, ms(now), job.tenant)  -- it may be within its limits again
    end
  else
    add_to_index(tags_of(id, job))
  end
  if not to then
    remove_from_index(tags_of(id, job))
    redis.call('HDEL', key.jobs, id)
    return
  end
  job.at = now
  if to == 'waiting' then
    redis.call('ZADD', key.waiting, ms(moment or next_place(job)), id)
    line_up(job.tenant)
    if job.batch then redis.call('HSETNX', key.batches, job.batch, job.tenant) end  -- its result is to be assembled
  elseif to == 'delayed' then
    redis.call('ZADD', key.delayed, ms(due_score(moment)), id)
  elseif to == 'active' then
    redis.call('ZADD', key.active, ms(moment), id)
  else
    redis.call('ZADD', key[to], ms(now + (job.retention or policy['retention_' .. to .. '_ms'])), id)
  end
  if job.expires and to ~= 'waiting' and to ~= 'delayed' then
    redis.call('ZREM', key.expiries, id)  -- it has started, or ended
    job.expires = nil
  end
  add_to_index(members_of(id, job, to))
  write(id, job)
end

-- Counters: by the minute for a day; durations by ten minutes, as histograms of four buckets to each doubling. Slots are
-- used again, so their number is fixed. They are gathered here and written once, at the end of the script.
local MINUTES, TENS, BUCKETS = 1440, 144, 112
local COUNTED = {'enqueued', 'started', 'completed', 'failed', 'retried', 'cancelled', 'stalled', 'expired'}

local counters = {}

local function add(field, number) counters[field] = (counters[field] or 0) + number end

local function count(what, now) add('m' .. math.floor(now / 60000) .. '|' .. what, 1) end

local function measure(what, now, duration)
  local slot = 't' .. math.floor(now / 600000) .. '|' .. what .. '|'
  add(slot .. 'count', 1)
  add(slot .. 'ms', math.max(duration, 0))
  add(slot .. math.min(BUCKETS, math.floor(4 * math.log(math.max(duration, 1)) / math.log(2))), 1)
end

-- A slot of an earlier round is emptied before it is used.
local function open_slot(kind, number, slots)
  local slot = kind .. number % slots
  if redis.call('HGET', key.stats, slot) == ms(number) then return slot end
  local old = {}
  if kind == 'm' then
    for position, name in ipairs(COUNTED) do old[position] = slot .. '|' .. name end
  else
    for _, what in ipairs({'wait', 'run'}) do
      old[#old + 1] = slot .. '|' .. what .. '|count'
      old[#old + 1] = slot .. '|' .. what .. '|ms'
      for bucket = 0, BUCKETS do old[#old + 1] = slot .. '|' .. what .. '|' .. bucket end
    end
  end
  redis.call('HDEL', key.stats, unpack(old))
  redis.call('HSET', key.stats, slot, ms(number))
  return slot
end

local function save_counters()
  for field, number in pairs(counters) do
    local kind, slot, rest = string.match(field, '^(%a)(%d+)(.*)$')
    slot = open_slot(kind, tonumber(slot), kind == 'm' and MINUTES or TENS)
    redis.call('HINCRBY', key.stats, slot .. rest, ms(number))
  end
end

-- Every script ends with this: what was gathered is written.
local function save()
  save_tenants()
  save_counters()
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

local function caps_concurrency()
  for _, limits in pairs(policy.tenants) do
    if limits.concurrency > 0 then return true end
  end
  return policy.tenant.concurrency > 0
end

-- How many of the waiting jobs may start, counted no further than `enough`, of the first 100 tenants in turn; where
-- there are more tenants, one of them may have another.
local function startable(enough)
  if redis.call('HEXISTS', key.paused, '*') == 1 then return 0 end
  if redis.call('ZCARD', key.limited) == 0 and redis.call('HLEN', key.paused) == 0 and not caps_concurrency() then
    return redis.call('ZCARD', key.waiting)
  end
  local number = 0
  for _, name in ipairs(redis.call('ZRANGE', key.turns, 0, 99)) do
    local mine = 0
    for type, line in pairs(tenant_of(name).lines) do
      if not is_paused(type) then mine = mine + redis.call('ZCOUNT', key.waiting, line_range(line)) end
    end
    local limit = limits_of(name).concurrency
    number = number + (limit > 0 and math.min(mine, math.max(limit - count_of(name, 'active'), 0)) or mine)
    if number >= enough then return number end
  end
  return number + (redis.call('ZCARD', key.turns) > 100 and 1 or 0)
end

-- Decides whether workers are wanted for what waits, and how many: one token each. A worker that lives or has been
-- sent for (its token is not answered yet) counts; more than the cap never do.
local function grant_wakes(now)
  redis.call('ZREMRANGEBYSCORE', key.wakes, '-inf', ms(now))
  local granted = {}
  if redis.call('ZCARD', key.waiting) == 0 then return granted end
  local sent = alive(now) + redis.call('ZCARD', key.wakes)
  if sent >= policy.workers then return granted end
  look_again(now)
  local ready = startable(policy.workers * policy.slots)
  if ready == 0 then return granted end
  local wanted = math.min(policy.workers, math.ceil((ready + redis.call('ZCARD', key.active)) / policy.slots))
  for _ = sent + 1, wanted do
    local token = ms(redis.call('HINCRBY', key.meters, 'token', 1))
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
