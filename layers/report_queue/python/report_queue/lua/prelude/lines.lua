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
  local written = {}
  for name in pairs(changed) do
    written[#written + 1] = name
    written[#written + 1] = cjson.encode(tenants[name])
  end
  in_parts('HSET', 'tenants', written)
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
  for _, line in pairs(tenant.lines) do number = number + look('ZCOUNT', 'waiting', line_range(line)) end
  return number
end

local function is_paused(type)
  return redis.call('HEXISTS', key.paused, '*') == 1 or redis.call('HEXISTS', key.paused, type) == 1
end

-- What `head_of` knows of waiting: so many jobs of each line are read at a time. Who takes a head moves its `at` on.
local function view_of_waiting(ahead)
  return {ahead = ahead, some_pause = redis.call('HLEN', key.paused) > 0, lines = {}}
end

-- A line's next job: its id and its position.
local function head_of_line(line, view)
  local head = view.lines[line]
  if not head or (not head.found[head.at] and #head.found == 2 * view.ahead) then
    local from, to = line_range(line)
    head = {at = 1, found = look('ZRANGE', 'waiting', from, to, 'BYSCORE', 'LIMIT', 0, view.ahead, 'WITHSCORES')}
    view.lines[line] = head
  end
  head.id = head.found[head.at]
  if not head.id then return end
  head.position = tonumber(head.found[head.at + 1]) - line * LINE
  return head
end

-- A tenant's next job; without one, whether there would be but for a pause.
local function head_of(tenant, view)
  local first, held_back
  for type, line in pairs(tenant.lines) do
    local head = head_of_line(line, view)
    if head and view.some_pause and is_paused(type) then
      held_back = true
    elseif head and (not first or head.position < first.position) then
      first = head
    end
  end
  return first, held_back
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
  return look('ZLEXCOUNT', 'index', prefix, prefix .. '\255')
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
  if score_of('turns', name) then return end
  if redis.call('ZSCORE', key.limited, name) then
    -- Where its other jobs are paused, this one may not be: it is looked at again.
    if redis.call('HLEN', key.paused) > 0 then redis.call('ZADD', key.limited, 0, name) end
    return
  end
  put('turns', name, math.max(tenant_of(name).virtual, virtual_time()))
end

-- A tenant's jobs may not start now, or there are none (no `again_at`).
local function stand_back(name, again_at)
  tenant_of(name).virtual = score_of('turns', name) or 0
  changed[name] = true
  take_out('turns', name)
  if again_at then redis.call('ZADD', key.limited, again_at, name) end
end

-- Those whose time to look again has come: at most 20, so that a claim stays short.
local function look_again(now)
  for _, name in ipairs(redis.call('ZRANGE', key.limited, '-inf', now, 'BYSCORE', 'LIMIT', 0, 20)) do
    local tenant = tenant_of(name)
    local _, again_at = limited(name, tenant, now)
    if not again_at then
      local head, held_back = head_of(tenant, view_of_waiting(1))
      if not head and held_back then again_at = now + 5000 end
    end
    if again_at then
      redis.call('ZADD', key.limited, again_at, name)
    else
      redis.call('ZREM', key.limited, name)
      line_up(name)
    end
  end
end
