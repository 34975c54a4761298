-- What tenants use: how their jobs ended, what came of them and how long it took, by day (since 1970, UTC) and report
-- type. It is gathered here, written once at the end of the script, and carried into the store by a schedule, which then
-- has the days before yesterday forgotten. `epoch` is the moment at which a broker that was empty began to count.
local NO_REPORT = 'batch-result'  -- as in batch.py: what assembles a batch
local SUMS = 5  -- completed, failed, pages, bytes, ms

local used, used_at = {}, nil  -- tenant -> day -> report type -> sums; now

local function plus(sums, added)
  sums = sums or {0, 0, 0, 0, 0}
  for position = 1, SUMS do sums[position] = sums[position] + (added[position] or 0) end
  return sums
end

local function use(job, now, ...)
  if job.type == NO_REPORT then return end
  used_at = now
  local day, added = ms(math.floor(now / 86400000)), {...}
  used[job.tenant] = used[job.tenant] or {}
  local types = used[job.tenant][day] or {}
  used[job.tenant][day] = types
  types[job.type] = plus(types[job.type], added)
end

local function usage_of(tenant)
  local found = redis.call('HGET', key.usage, tenant)
  return found and cjson.decode(found) or {days = {}}
end

local function save_usage()
  if not next(used) then return end
  redis.call('HSETNX', key.usage, '*', ms(used_at))
  for tenant, days in pairs(used) do
    local kept = usage_of(tenant)
    for day, types in pairs(days) do
      local mine = kept.days[day] or {}
      for type, sums in pairs(types) do mine[type] = plus(mine[type], sums) end
      kept.days[day] = mine
    end
    kept.version = (kept.version or 0) + 1
    redis.call('HSET', key.usage, tenant, cjson.encode(kept))
  end
end
