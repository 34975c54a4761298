-- flags: allow-oom
-- The poller's question: are workers wanted for what waits?
-- Takes: nothing. Gives: wakes, tokens of the workers to wake (see `grant_wakes` in the prelude).
local function wake(args)
  return {wakes = grant_wakes(clock(args))}
end
