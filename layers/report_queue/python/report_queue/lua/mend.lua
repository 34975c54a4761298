-- flags: allow-oom
-- needs: suspect
-- Puts right what an audit suspects in one part, where it is so still
-- Takes: part; members, at most 500; keep? {part, cursor}, where the next round goes on.
-- Gives: mended [{part, member, fault, whose?, did}].
-- A job goes by its record, and that by what its timeline says last. Where it stands twice, the state that fits stays, and
-- of several that do the one that has ended. Where it stands nowhere, it goes back to what fits; if nothing has happened to
-- it yet, it is forgotten, for the moment that it was to start at stands in the ledger alone, which enqueues it anew.
local FITS = {
  claim = {active = true}, complete = {completed = true}, cancel = {cancelled = true}, expire = {failed = true},
  fail = {delayed = true, failed = true}, requeue = {waiting = true, failed = true},
  promote = {waiting = true}, retry = {waiting = true},
}
local ENDED_FIRST = {'completed', 'failed', 'cancelled', 'active', 'waiting', 'delayed'}

local function last_verb(job)
  local last = job.events and job.events[#job.events]
  return last and last[1]
end

local function fits(job, state)
  local verb = last_verb(job)
  if verb == 'fail' and job.failures >= job.attempts then return state == 'failed' end
  if verb == 'requeue' and job.reason == 'stalled' then return state == 'failed' end
  return (FITS[verb] or {})[state] or (not verb and (state == 'waiting' or state == 'delayed'))
end

-- Of these states, in the order of preference, the one that the timeline names, and the index.
local function best(id, job, states)
  local chosen, most = nil, -1
  for _, state in ipairs(states) do
    local points = fits(job, state) and 2 or 0
    for _, member in ipairs(implied(id, job, state)) do
      local mark = string.find(member, job.tenant .. '|' .. state .. '|', 1, true) == 1
      if mark and score_of('index', member) then points = points + 1 end
    end
    if points > most then chosen, most = state, points end
  end
  return chosen
end

-- All that follows from a job's standing in a state.
local function follows(id, job, state)
  each_member(put, id, job, state)
  each_tag(put, id, job)
  if job.expires and (state == 'waiting' or state == 'delayed') then
    redis.call('ZADD', key.expiries, job.expires, id)
  end
end

local function forgotten(id)
  for _, state in ipairs(STATES) do
    if score_of(state, id) then take_out(state, id) end
  end
  redis.call('ZREM', key.expiries, id)
  write(id, false)
  return 'forgotten'
end

local function mend_tenant(name, fault)
  if fault == 'lines' then
    local taken = tonumber(redis.call('HGET', key.meters, 'line') or 0)
    for _, line in pairs(tenant_of(name).lines) do taken = math.max(taken, line + 1) end
    redis.call('HSET', key.meters, 'line', ms(taken))
    return 'its lines are its own'
  end
  if fault == 'unreadable' then
    tenants[name] = {lines = {}, position = 0, virtual = virtual_time(), allowed_at = 0}
    changed[name], sound[name] = true, tenants[name]
    return 'begins anew'
  end
  if fault == 'twice' then redis.call('ZREM', key.limited, name) else line_up(name) end
  return 'has its turn'
end

local MEND = {}

function MEND.unreadable(id) return forgotten(id) end

function MEND.twice(id, job)
  local states = {}
  for _, state in ipairs(ENDED_FIRST) do
    if score_of(state, id) then states[#states + 1] = state end
  end
  local stays = best(id, job, states)
  for _, state in ipairs(states) do
    if state ~= stays then
      take_out(state, id)
      each_member(take_out, id, job, state)
    end
  end
  return 'stays ' .. stays
end

function MEND.nowhere(id, job, now)
  local state = best(id, job, STATES)  -- while the index still tells
  for _, other in ipairs(STATES) do each_member(take_out, id, job, other) end
  if not last_verb(job) then
    each_tag(take_out, id, job)
    return forgotten(id)
  end
  stand(id, job, state, now, state == 'active' and now + policy.lease_ms or state == 'delayed' and now or nil)
  return 'back to ' .. state
end

function MEND.line(id, job)
  stand(id, job, 'waiting')
  return 'to the end of its line'
end

function MEND.lease(id, job, now)
  if job.worker and job.started then
    put('active', id, now + policy.lease_ms)
    return 'a new lease'
  end
  job.progress = 0
  move(id, job, 'active', 'waiting', now)
  return 'back to waiting'
end

function MEND.attempts(id, job, now)
  job.reason, job.signature = job.reason or 'attempts', job.signature or 'attempts'
  job.message = job.message or 'all its attempts are spent'
  note(job, 'fail', now, job.reason, job.message)
  count('failed', now)
  move(id, job, state_of(id), 'failed', now)
  return 'failed'
end

function MEND.index() return 'found again' end  -- by what follows

MEND.expiry = MEND.index

local function mend_job(id, fault, now)
  local job = fault ~= 'unreadable' and read(id) or nil
  if job and not sound_tenant(job.tenant) then mend_tenant(job.tenant, 'unreadable') end
  local did = MEND[fault](id, job, now)
  local state, score = state_of(id)
  if not (job and state) then return did end
  local other = misplaced(job, state, score, now)
  if other and other ~= fault then did = did .. ', ' .. MEND[other](id, job, now) end
  follows(id, job, (state_of(id)))
  return did
end

local function mend_member(part, member)
  if PART.hash[part] then look('HDEL', part, member) else look('ZREM', part, member) end
  return 'taken out'
end

-- What there still is of these, as `suspect` takes it.
local function still_there(part, members)
  local kept, values = {}, {}
  if #members == 0 then return kept, values end
  local found = PART.hash[part] and look('HMGET', part, unpack(members)) or look('ZMSCORE', part, unpack(members))
  for position, value in ipairs(found) do
    if value then kept[#kept + 1], values[#values + 1] = members[position], value end
  end
  return kept, values
end

local function mend(args)
  local now = clock(args)
  local members, values = still_there(args.part, args.members)
  local mended = suspect(args.part, members, values, now)
  for _, one in ipairs(mended) do
    if args.part == 'jobs' then
      one.did = mend_job(one.member, one.fault, now)
    elseif args.part == 'tenants' then
      one.did = mend_tenant(one.member, one.fault)
    else
      one.did = mend_member(args.part, one.member)
    end
  end
  if args.keep then redis.call('HSET', key.meters, 'audit', args.keep.part .. '|' .. args.keep.cursor) end
  return {mended = mended}
end
