-- flags: allow-oom
-- delayed -> waiting, for what is due; or for one job by hand
-- Takes: limit; or id. Gives: promoted, how many; with an id: verdict, the state afterwards, or unknown.
-- In the order of their due moments, and those of the same moment as they came.
local function promote(args)
  local now = clock(args)
  if args.id then
    local job, state = read(args.id), state_of(args.id)
    if job and state == 'delayed' then
      note(job, 'promote', now, 'by hand')
      move(args.id, job, 'delayed', 'waiting', now)
      return {promoted = 1, verdict = 'waiting'}
    end
    return {promoted = 0, verdict = job and state or 'unknown'}
  end
  local due = look('ZRANGE', 'delayed', '-inf', '(' .. ms((now + 1) * DUE), 'BYSCORE', 'LIMIT', 0, args.limit)
  for _, id in ipairs(due) do
    local job = read_or_drop(id, 'delayed')
    if job then
      note(job, 'promote', now)
      move(id, job, 'delayed', 'waiting', now)
    end
  end
  return {promoted = #due}
end
