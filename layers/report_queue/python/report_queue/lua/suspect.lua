-- flags: no-writes
-- A part of `audit` and `mend`: which members of one key contradict the records
-- Takes: part (the key's name), members, values (of a hash: each one's; of a sorted set: nothing), now.
-- Gives: suspects [{part, member, fault, whose? (job, tenant or worker)}].
--   jobs        unreadable (no record of ours), nowhere (in no state), twice (in several), line (waits in another's line),
--               lease (is active without one, or for ever), attempts (is to be tried more often than it may), expiry, index
--   a state     record: an id that has none
--   index, expiries, dedups, windows, beats, workers, turns, limited   orphan: what it belongs to is not there
--   beats       also unreadable
--   tenants     unreadable, lines (the next line is one that is taken), turn (jobs wait and it has none), twice (has two)
-- Most of the work is done for all members in one command: a healthy job costs a few microseconds.
local PART = {hash = {jobs = true, dedups = true, beats = true, tenants = true}}
-- What stands in the first is no more than a companion of what stands in the second.
local BESIDE = {
  dedups = 'windows', windows = 'dedups', beats = 'workers', workers = 'beats', turns = 'tenants', limited = 'tenants',
}
local KIND = {
  tenant = 'string', type = 'string', accepted = 'number', at = 'number', attempts = 'number', attempt = 'number',
  progress = 'number', worker = 'string', started = 'number', place = 'number', events = 'table', result = 'string',
  priority = 'number', failures = 'number', stalls = 'number', outages = 'number', round = 'number', reason = 'string',
  message = 'string', signature = 'string', backoff = 'table', expires = 'number', batch = 'string',
  retention = 'number', tags = 'table',
}

local function of_one_kind(values, kind)
  for _, value in ipairs(values or {}) do
    if type(value) ~= kind then return false end
  end
  return true
end

-- The job of a record's text; else whether it may be one: of a newer version than this, which has more fields.
local function job_of(text)
  local fine, values = pcall(cjson.decode, text)
  if not fine or type(values) ~= 'table' then return nil, false end
  if #values > #FIELDS then return nil, true end
  local job = setmetatable({}, ABSENT_ARE)
  for position = 1, #values do
    local name, value = FIELDS[position], values[position]
    if value ~= NULL then
      if type(value) ~= KIND[name] then return nil, false end
      job[name] = value
    end
  end
  local whole = job.tenant and job.type and job.accepted and job.at and job.attempts
  if whole and of_one_kind(job.tags, 'string') and of_one_kind(job.events, 'table') then return job end
  return nil, false
end

-- A tenant's record, or nil where it is none of ours.
local function checked_tenant(name)
  local fine, tenant = pcall(tenant_of, name)
  if not fine or type(tenant) ~= 'table' or type(tenant.lines) ~= 'table' then return end
  for _, field in ipairs({'position', 'virtual', 'allowed_at'}) do
    if type(tenant[field]) ~= 'number' then return end
  end
  for _, line in pairs(tenant.lines) do
    if type(line) ~= 'number' then return end
  end
  return tenant
end

local sound = {}  -- name -> its record, or false

local function sound_tenant(name)
  if sound[name] == nil then sound[name] = checked_tenant(name) or false end
  return sound[name] or nil
end

local function is_beat(text)
  local fine, last = pcall(cjson.decode, text)
  return fine and type(last) == 'table' and type(last.beat) == 'table' and type(last.claimed) == 'table'
end

-- Where these ids stand: id -> state -> score.
local function standings(ids)
  local stands = {}
  for _, id in ipairs(ids) do stands[id] = {} end
  for _, state in ipairs(STATES) do
    for position, score in ipairs(look('ZMSCORE', state, unpack(ids))) do
      if score then stands[ids[position]][state] = tonumber(score) end
    end
  end
  return stands
end

-- The one state that a job stands in.
local function sole(stands)
  local state, score = next(stands)
  if state and not next(stands, state) then return state, score end
end

local function implied(id, job, state)
  local members = {}
  local function add(_, member) members[#members + 1] = member end
  each_member(add, id, job, state)
  each_tag(add, id, job)
  return members
end

-- Those of `asked` [{member, score, id}] that do not stand there as they should; 500 at a time.
local function absent(name, asked)
  local gone = {}
  for from = 1, #asked, 500 do
    local members = {}
    for position = from, math.min(from + 499, #asked) do members[#members + 1] = asked[position].member end
    for position, score in ipairs(look('ZMSCORE', name, unpack(members))) do
      local one = asked[from + position - 1]
      if tonumber(score or nil) ~= one.score then gone[#gone + 1] = one.id end
    end
  end
  return gone
end

-- What is wrong with a job in its one state, but for the index.
local function misplaced(job, state, score, now)
  if state == 'waiting' then
    local tenant = sound_tenant(job.tenant)
    local line = tenant and tenant.lines[job.type]
    if not line or score < line * LINE or score >= (line + 1) * LINE then return 'line' end
  end
  if state == 'active' then
    local last = now + math.max(policy.lease_ms, policy.attempt_ms)
    if not job.worker or not job.started or score > last then return 'lease' end
  end
  if (state == 'waiting' or state == 'delayed') and job.failures >= job.attempts then return 'attempts' end
end

local function suspect_jobs(ids, texts, now, tell)
  local stands, indexed, expiring = standings(ids), {}, {}
  for position, id in ipairs(ids) do
    local job, newer = job_of(texts[position])
    local state, score = sole(stands[id])
    local fault
    if not job then
      fault = not newer and 'unreadable'
    elseif not state then
      fault = next(stands[id]) and 'twice' or 'nowhere'
    else
      fault = misplaced(job, state, score, now)
      if not fault and job.expires and (state == 'waiting' or state == 'delayed') then
        expiring[#expiring + 1] = {member = id, score = job.expires, id = id}
      end
      for _, member in ipairs(fault and {} or implied(id, job, state)) do
        indexed[#indexed + 1] = {member = member, score = 0, id = id}
      end
    end
    if fault then tell(id, fault, id) end
  end
  for _, id in ipairs(absent('expiries', expiring)) do tell(id, 'expiry', id) end
  for _, id in ipairs(absent('index', indexed)) do tell(id, 'index', id) end
end

-- Members that name a job: one that has no record, or whose record asks for no such member.
local function suspect_members(part, members, tell)
  local ids = {}
  for position, member in ipairs(members) do ids[position] = string.match(member, '[^|]*$') end
  local stands = standings(ids)
  for position, text in ipairs(look('HMGET', 'jobs', unpack(ids))) do
    local id, member = ids[position], members[position]
    local job = text and job_of(text)
    local state = sole(stands[id])
    if not text then
      tell(member, 'orphan', id)
    elseif job and state and part == 'expiries' then
      if not job.expires then tell(member, 'orphan', id) end
    elseif job and state then
      local found = false
      for _, one in ipairs(implied(id, job, state)) do found = found or one == member end
      if not found then tell(member, 'orphan', id) end
    end
  end
end

local function suspect_tenants(names, tell)
  local turns, limits = look('ZMSCORE', 'turns', unpack(names)), look('ZMSCORE', 'limited', unpack(names))
  local next_line = tonumber(redis.call('HGET', key.meters, 'line') or 0)
  for position, name in ipairs(names) do
    local tenant, fault = sound_tenant(name), nil
    if not tenant then
      fault = 'unreadable'
    else
      for _, line in pairs(tenant.lines) do fault = fault or line >= next_line and 'lines' or nil end
      if not fault and turns[position] and limits[position] then fault = 'twice' end
      if not (fault or turns[position] or limits[position]) and waiting_of(tenant) > 0 then fault = 'turn' end
    end
    if fault then tell(name, fault, name) end
  end
end

local function suspect(part, members, values, now)
  local suspects, told = {}, {}
  local function tell(member, fault, whose)
    if told[member] then return end
    told[member] = true
    suspects[#suspects + 1] = {part = part, member = member, fault = fault, whose = whose}
  end
  if #members == 0 then return suspects end
  if part == 'jobs' then
    suspect_jobs(members, values, now, tell)
  elseif part == 'tenants' then
    suspect_tenants(members, tell)
  elseif part == 'index' or part == 'expiries' then
    suspect_members(part, members, tell)
  elseif BESIDE[part] then
    local other = BESIDE[part]
    local found = PART.hash[other] and look('HMGET', other, unpack(members)) or look('ZMSCORE', other, unpack(members))
    for position, there in ipairs(found) do
      local whose = part ~= 'dedups' and part ~= 'windows' and members[position] or nil
      if not there then
        tell(members[position], 'orphan', whose)
      elseif part == 'beats' and not is_beat(values[position]) then
        tell(members[position], 'unreadable', whose)
      end
    end
  else
    for position, text in ipairs(look('HMGET', 'jobs', unpack(members))) do
      if not text then tell(members[position], 'record', members[position]) end
    end
  end
  return suspects
end
