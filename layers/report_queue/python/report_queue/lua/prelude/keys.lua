-- What every script begins with, in parts: keys, record, gather, job, lines, index, usage, move, stats, workers.
--
-- Keys (`key.name`; all declared, all with the queue's hash tag; their number does not grow with jobs, tenants or workers):
--   waiting    sorted set, id -> its place: line * 2^35 + position. A line is one tenant's jobs of one report type.
--   delayed    sorted set, id -> due moment * 1024 + place among those due in that very millisecond
--   active     sorted set, id -> end of its lease
--   completed failed cancelled   sorted sets, id -> moment at which it may be forgotten
--   jobs       hash, id -> record (see FIELDS); says everything about a job except its state
--   index      sorted set of score 0, read by BYLEX; see `each_member`. Waiting jobs are found by their lines instead.
--   tenants    hash, tenant -> {lines: type -> line, position: of the next job, virtual: its virtual time, allowed_at}
--   turns      sorted set, tenant -> virtual time: whose turn it is. Tenants with jobs that may start.
--   limited    sorted set, tenant -> moment to look again. Tenants with jobs that may not start now.
--   meters     hash: virtual (the queue's virtual time), allowed_at (of its rate), line, token (counters)
--   expiries   sorted set, id -> moment by which it must have started; only jobs that have one
--   dedups     hash, `tenant|dedup key` -> `id|since`; windows: sorted set, the same -> moment at which that is forgotten
--   paused     hash, `*` or report type -> since when
--   stats      hash of counters in slots of time, see `add`
--   usage      hash, tenant -> what it used, see `use`; `*` -> since when it is counted
--   plans      sorted set, `tenant|schedule` -> next moment at which it fires
--   batches    hash, batch -> tenant: those whose result is to be assembled once no job of theirs is on its way
--   workers    sorted set, worker -> moment of its last beat; beats: hash, worker -> that beat, and what it last claimed
--   wakes      sorted set, token -> moment at which an unanswered wake is forgotten
--
-- Redis does not roll a script back: check first, write afterwards, and give every loop a limit.

local STATES = {'waiting', 'delayed', 'active', 'completed', 'failed', 'cancelled'}
local TERMINAL = {completed = true, failed = true, cancelled = true}

local function clock(args)
  if args.now then return args.now end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- A moment within a text, with all its digits, which `tostring` does not write. As an argument of its own a number needs
-- no help: Redis writes 17 digits.
local function ms(moment) return string.format('%d', moment) end
