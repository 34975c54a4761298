-- One job: where it stands, whose it is, and its timeline.

-- The record of a job that stands in a state's set. An id without one (an evicted record, say) would stop every script
-- that meets it: it leaves the set here, and the reconciler enqueues the job anew from the ledger.
local function read_or_drop(id, state)
  local job = read(id)
  if not job then take_out(state, id) end
  return job
end

-- The state that a job is in and its score there: membership is the only record of it. `likely` is asked first.
local function state_of(id, likely)
  local score = likely and score_of(likely, id)
  if score then return likely, score end
  for _, state in ipairs(STATES) do
    score = state ~= likely and score_of(state, id)
    if score then return state, score end
  end
end

-- The first bytes of a text, and no part of a character: what is not UTF-8 would spoil every reply that has it.
local function cut(text, bytes)
  if #text <= bytes then return text end
  while bytes > 0 and string.find(text, '^[\128-\191]', bytes + 1) do bytes = bytes - 1 end
  return string.sub(text, 1, bytes)
end

-- The timeline: a verb's moment, attempt and worker, and why. The last 50 are kept.
local function note(job, verb, now, reason, message)
  local events = job.events or {}
  if #events >= 50 then table.remove(events, 1) end
  events[#events + 1] = {
    verb, now, job.attempt, job.worker or NULL, reason or NULL, message and cut(message, 300) or NULL,
  }
  job.events = events
end

-- The job, if this worker's attempt still owns it or was the last to; else nil and the word that says why not.
local function held(args)
  local job = read(args.id)
  if not job then return nil, 'unknown' end
  local state = state_of(args.id, 'active')
  if state == 'cancelled' then return nil, 'cancelled' end
  if job.attempt ~= args.attempt or job.worker ~= args.worker then return nil, 'superseded' end
  return job, state
end
