-- needs: explain
-- -> waiting | delayed
-- Takes: jobs [{id, tenant, type, accepted, attempts, round, priority?, due?, expires?, backoff? {kind, ms, jitter}, tags?,
--        batch?, retention? (ms)}], at most 500; explain? (the id of one that the answer is to explain).
-- Gives: wakes, tokens of the workers to wake; waits?, see `explain`.
-- Idempotent by id: a job that is known, and has a state, stays as it is. Refused when memory is full (the ledger has the request).
local function enqueue(args)
  local now = clock(args)
  read_ahead(args.jobs)
  for _, new in ipairs(args.jobs) do
    if not read(new.id) or not state_of(new.id) then
      local id, due = new.id, new.due
      new.id, new.due = nil, nil
      setmetatable(new, ABSENT_ARE)
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
