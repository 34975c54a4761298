-- flags: allow-oom
-- needs: complete fail
-- Several ends at once, for `claim` and `leave`
-- Takes: worker, finished [{verb: complete | fail, id, attempt, and what the verb takes}]. Gives: a verdict per end.
local END = {complete = complete, fail = fail}

local function finish(args, now)
  local verdicts = {}
  read_ahead(args.finished)
  for position, finished in ipairs(args.finished) do
    finished.worker, finished.now = args.worker, now
    verdicts[position] = END[finished.verb](finished).verdict
  end
  return verdicts
end
