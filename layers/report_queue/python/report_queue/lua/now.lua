-- flags: no-writes
-- Takes: nothing. Gives: now, the broker's clock in ms.
local function now(args)
  return {now = clock(args)}
end
