-- Counters: by the minute for a day; durations by ten minutes, as histograms of four buckets to each doubling. Slots are
-- used again, so their number is fixed. They are gathered here and written once, at the end of the script.
local MINUTES, TENS, BUCKETS = 1440, 144, 112
local COUNTED = {'enqueued', 'started', 'completed', 'failed', 'retried', 'cancelled', 'stalled', 'expired'}

local counters = {}  -- slot -> {number: of the minute or the ten, added: what -> how much}

-- What is added to the counters of a minute or of ten: what -> how much.
local function added_to(kind, number, round)
  local slot = kind .. number % round
  counters[slot] = counters[slot] or {number = number, added = {}}
  return counters[slot].added
end

local function count(what, now)
  local added = added_to('m', math.floor(now / 60000), MINUTES)
  added[what] = (added[what] or 0) + 1
end

local function measure(what, now, duration)
  local added = added_to('t', math.floor(now / 600000), TENS)
  local number, sum = what .. '|count', what .. '|ms'
  local bucket = what .. '|' .. math.min(BUCKETS, math.floor(4 * math.log(math.max(duration, 1)) / math.log(2)))
  added[number] = (added[number] or 0) + 1
  added[sum] = (added[sum] or 0) + math.max(duration, 0)
  added[bucket] = (added[bucket] or 0) + 1
end

local function empty(slot)
  local old = {}
  for position, name in ipairs(COUNTED) do old[position] = slot .. '|' .. name end
  for _, what in ipairs({'wait', 'run'}) do
    old[#old + 1] = slot .. '|' .. what .. '|count'
    old[#old + 1] = slot .. '|' .. what .. '|ms'
    for bucket = 0, BUCKETS do old[#old + 1] = slot .. '|' .. what .. '|' .. bucket end
  end
  redis.call('HDEL', key.stats, unpack(old))
end

local function save_counters()
  local written = {}
  for slot, mine in pairs(counters) do
    local fields = {slot}
    for what in pairs(mine.added) do fields[#fields + 1] = slot .. '|' .. what end
    local before = redis.call('HMGET', key.stats, unpack(fields))
    if tonumber(before[1]) ~= mine.number then  -- it is of an earlier round
      empty(slot)
      before = {}
    end
    written[#written + 1] = slot
    written[#written + 1] = mine.number
    for position = 2, #fields do
      written[#written + 1] = fields[position]
      written[#written + 1] = (tonumber(before[position]) or 0) + mine.added[string.sub(fields[position], #slot + 2)]
    end
  end
  in_parts('HSET', 'stats', written)
end

-- Every script ends with this: what was gathered is written.
local function save()
  flush()
  save_tenants()
  save_counters()
  save_usage()
end
