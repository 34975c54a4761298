-- needs: explain
-- -> waiting | delayed
-- Takes: jobs [{id, tenant, type, accepted, attempts, round, priority?, due?, expires?, backoff? {kind, ms, jitter}, tags?,
--        batch?, retention? (ms)}], at most 500; explain? (the id of one that the answer is to explain).
-- Gives: wakes, tokens of the workers to wake; waits?, see `explain`.
-- Idempotent by id: a job that is known, and has a state, stays as it is; one that lost its state goes on with what it has
-- come to. Refused when memory is full (the ledger has the request).
local COME_TO = {'failures', 'stalls', 'outages', 'reason', 'message', 'signature'}

local function goes_on(id, new, old)
  for _, state in ipairs(STATES) do each_member(take_out, id, old, state) end
  new.attempt, new.events = old.attempt, old.events  -- the fence, and the timeline, of all rounds
  for _, name in ipairs(old.round == new.round and COME_TO or {}) do new[name] = old[name] end
end

local function enqueue(args)
  local now = clock(args)
  read_ahead(args.jobs)
  for _, new in ipairs(args.jobs) do
    local old = read(new.id)
    if not old or not state_of(new.id) then
      local id, due = new.id, new.due
      new.id, new.due = nil, nil
      setmetatable(new, ABSENT_ARE)
      if old then goes_on(id, new, old) end
      if new.expires then redis.call('ZADD', key.expiries, new.expires, id) end
      line_of(new)  -- also for a delayed job: by its tenant's lines it is found
      count('enqueued', now)
      if due and due > now then
        move(id, new, nil, 'delayed', now, due)
      else
        move(id, new, nil, 'waiting', now)
      end
    end
  end
  return {wakes = grant_wakes(now), waits = args.explain and explain({id = args.explain, now = now})}
end
