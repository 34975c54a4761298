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

local NULL = cjson.null

local function decode(text)
  local values, job = cjson.decode(text), {}
  for name, value in pairs(ABSENT) do job[name] = value end
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
    if value == nil or value == ABSENT[name] then
      values[position] = NULL
    else
      values[position], last = value, position
    end
  end
  for position = #FIELDS, last + 1, -1 do values[position] = nil end
  return cjson.encode(values)
end
