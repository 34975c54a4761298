-- flags: allow-oom
-- needs: finish
-- A worker whose time is nearly over goes, though jobs may wait
-- Takes: worker, finished [{verb, id, attempt, …}] (the last ends). Gives: verdicts, wakes (for what still waits).
local function leave(args)
  local now = clock(args)
  local verdicts = finish(args, now)
  remove_worker(args.worker)
  return {verdicts = verdicts, wakes = grant_wakes(now)}
end
