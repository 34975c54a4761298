-- flags: no-writes
-- How it is going: what is paused, counters of the last minutes, and how long jobs waited and ran in the last hour
-- Takes: minutes (1 to 1,440). Gives: paused {`*` or report type: since (ms)}; minutes [[minute since 1970, enqueued, started, completed, failed, retried,
-- cancelled, stalled, expired]], those in which anything happened; wait and run {count, ms, buckets {bucket: number}}: a
-- duration of d ms is in bucket floor(4 * log2 d).
local function fields_of(slot, names)
  local fields = {slot}
  for position, name in ipairs(names) do fields[position + 1] = slot .. '|' .. name end
  return redis.call('HMGET', key.stats, unpack(fields))
end

local function minute_of(number)
  local values = fields_of('m' .. number % MINUTES, COUNTED)
  if values[1] ~= ms(number) then return end
  local row = {number}
  for position = 1, #COUNTED do row[position + 1] = tonumber(values[position + 1] or 0) end
  return row
end

local function histogram(what, now, tens)
  local names = {what .. '|count', what .. '|ms'}
  for bucket = 0, BUCKETS do names[#names + 1] = what .. '|' .. bucket end
  local sum = {count = 0, ms = 0, buckets = {}}
  local last = math.floor(now / 600000)
  for number = last - tens + 1, last do
    local values = fields_of('t' .. number % TENS, names)
    if values[1] == ms(number) then
      sum.count, sum.ms = sum.count + tonumber(values[2] or 0), sum.ms + tonumber(values[3] or 0)
      for bucket = 0, BUCKETS do
        local number_in = tonumber(values[bucket + 4] or 0)
        if number_in > 0 then
          sum.buckets[tostring(bucket)] = (sum.buckets[tostring(bucket)] or 0) + number_in
        end
      end
    end
  end
  return sum
end

-- The pace of late: jobs that ended in the last five whole minutes and this one, over how many ms; and the mean run.
local function recent(now)
  local last, ended = math.floor(now / 60000), 0
  for number = last - 5, last do
    local row = minute_of(number)
    if row then ended = ended + row[4] + row[5] end
  end
  local run = histogram('run', now, 6)
  return {ended = ended, over = now - (last - 5) * 60000, run = run.count > 0 and run.ms / run.count or nil}
end

local function numbers(args)
  local now = clock(args)
  local last, minutes = math.floor(now / 60000), {}
  for number = last - args.minutes + 1, last do minutes[#minutes + 1] = minute_of(number) end
  local paused, flat = {}, redis.call('HGETALL', key.paused)
  for position = 1, #flat, 2 do paused[flat[position]] = tonumber(flat[position + 1]) end
  return {paused = paused, minutes = minutes, wait = histogram('wait', now, 6), run = histogram('run', now, 6)}
end
