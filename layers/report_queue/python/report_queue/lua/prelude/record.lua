-- A record is an array in this order, cut after its last field that is not absent: what a job that was never claimed
-- does not have yet costs nothing. Names are used everywhere else.
-- attempts: allowed failures; attempt: claims so far, the fence; at: when it entered its state; place: its position when
-- it waited, within its line (a whole score has more digits than cjson keeps); events: the timeline, see `note`.
local FIELDS = {
  'tenant', 'type', 'accepted', 'at', 'attempts', 'attempt', 'progress', 'worker', 'started', 'place', 'events', 'result',
  'priority', 'failures', 'stalls', 'outages', 'round', 'reason', 'message', 'signature', 'backoff', 'expires', 'batch',
  'retention', 'tags',
}
local ABSENT = {
  priority = 5, attempt = 0, failures = 0, stalls = 0, outages = 0, round = 0, progress = 0,
}
local ABSENT_ARE = {__index = ABSENT}
local NULL = cjson.null

local function decode(text)
  local values, job = cjson.decode(text), setmetatable({}, ABSENT_ARE)
  for position = 1, #values do
    local value = values[position]
    if value ~= NULL then job[FIELDS[position]] = value end
  end
  return job
end

local function encode(job)
  local values, last = {}, 0
  for position = 1, #FIELDS do
    local name = FIELDS[position]
    local value = job[name]
    if value ~= nil and value ~= ABSENT[name] then
      for between = last + 1, position - 1 do values[between] = NULL end
      values[position], last = value, position
    end
  end
  return cjson.encode(values)
end
