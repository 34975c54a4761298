-- flags: no-writes
-- needs: counts numbers
-- Takes: nothing. Gives: counts of all tenants, oldest (ms that the longest waiting has been there, of the heads of the lines
-- of 200 tenants), workers (alive), due? (the next moment at which a delayed job is due or expires), recent (see `numbers`).
local function oldest_of(names, now)
  local oldest
  for _, name in ipairs(names) do
    for _, line in pairs(tenant_of(name).lines) do
      local from, to = line_range(line)
      local head = look('ZRANGE', 'waiting', from, to, 'BYSCORE', 'LIMIT', 0, 1)[1]
      local job = head and read(head)
      if job then oldest = math.max(oldest or 0, now - job.at) end
    end
  end
  return oldest
end

local function gauges(args)
  local now = clock(args)
  local gauged = {counts = counts({}), workers = alive(now), recent = recent(now)}
  local names = look('ZRANGE', 'turns', 0, 99)
  for _, name in ipairs(redis.call('ZRANGE', key.limited, 0, 99)) do names[#names + 1] = name end
  gauged.oldest = oldest_of(names, now)
  local due = look('ZRANGE', 'delayed', 0, 0, 'WITHSCORES')[2]
  due = due and math.floor(tonumber(due) / DUE)
  local late = tonumber(redis.call('ZRANGE', key.expiries, 0, 0, 'WITHSCORES')[2])
  gauged.due = due and late and math.min(due, late) or due or late
  return gauged
end
