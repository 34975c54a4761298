-- flags: allow-oom
-- Jobs of a report type, or all, do not start until it is over
-- Takes: paused {`*` or report type: since (ms)}, all of them: what is not named goes on. Gives: wakes.
local function pause(args)
  local now = clock(args)
  redis.call('DEL', key.paused)
  for what, since in pairs(args.paused) do redis.call('HSET', key.paused, what, since) end
  for _, name in ipairs(redis.call('ZRANGE', key.limited, 0, 999)) do redis.call('ZADD', key.limited, now, name) end
  return {wakes = grant_wakes(now)}
end
