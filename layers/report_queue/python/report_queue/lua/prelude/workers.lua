-- How many workers have beaten within the last lease.
local function alive(now) return redis.call('ZCOUNT', key.workers, now - policy.lease_ms, '+inf') end

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
    return look('ZCARD', 'waiting')
  end
  local number = 0
  for _, name in ipairs(look('ZRANGE', 'turns', 0, 99)) do
    local mine = 0
    for type, line in pairs(tenant_of(name).lines) do
      if not is_paused(type) then mine = mine + look('ZCOUNT', 'waiting', line_range(line)) end
    end
    local limit = limits_of(name).concurrency
    number = number + (limit > 0 and math.min(mine, math.max(limit - count_of(name, 'active'), 0)) or mine)
    if number >= enough then return number end
  end
  return number + (look('ZCARD', 'turns') > 100 and 1 or 0)
end

-- Decides whether workers are wanted for what waits, and how many: one token each. A worker that lives or has been
-- sent for (its token is not answered yet) counts; more than the cap never do.
local function grant_wakes(now)
  local granted = {}
  if look('ZCARD', 'waiting') == 0 then return granted end
  local sent = alive(now) + redis.call('ZCOUNT', key.wakes, '(' .. ms(now), '+inf')
  if sent >= policy.workers then return granted end
  look_again(now)
  local ready = startable(policy.workers * policy.slots)
  if ready == 0 then return granted end
  local wanted = math.min(policy.workers, math.ceil((ready + look('ZCARD', 'active')) / policy.slots))
  redis.call('ZREMRANGEBYSCORE', key.wakes, '-inf', now)
  for _ = sent + 1, wanted do
    local token = redis.call('HINCRBY', key.meters, 'token', 1)
    redis.call('ZADD', key.wakes, now + policy.wake_ms, token)
    granted[#granted + 1] = token
  end
  return granted
end

-- A worker is gone: it counts for no wake and stands in no list.
local function remove_worker(worker)
  redis.call('ZREM', key.workers, worker)
  redis.call('HDEL', key.beats, worker)
end
