-- flags: allow-oom
-- waiting | delayed -> failed, for what should have started by now
-- Takes: limit. Gives: expired [id].
local function expire_one(id, job, state, now)
  job.reason, job.message = 'expired', 'it was to start by a moment that has passed, and no worker was free'
  job.signature = 'expired'
  note(job, 'expire', now, 'expired')
  count('expired', now)
  move(id, job, state, 'failed', now)
end

local function expire(args)
  local now = clock(args)
  local expired = {}
  for _, id in ipairs(redis.call('ZRANGE', key.expiries, '-inf', now, 'BYSCORE', 'LIMIT', 0, args.limit)) do
    local job, state = read(id), state_of(id)
    if job and (state == 'waiting' or state == 'delayed') then
      expire_one(id, job, state, now)
      expired[#expired + 1] = id
    else
      redis.call('ZREM', key.expiries, id)
    end
  end
  return {expired = expired}
end
