-- flags: allow-oom
-- delayed -> waiting, for what is due
-- Takes: limit. Gives: promoted, how many. Its place in waiting is its due moment, so due order holds.
local function promote(args)
  local now = clock(args)
  local due = redis.call('ZRANGE', key.delayed, '-inf', ms(now), 'BYSCORE', 'LIMIT', 0, args.limit, 'WITHSCORES')
  for i = 1, #due, 2 do
    local job = read_or_drop(due[i], 'delayed')
    if job then move(due[i], job, 'delayed', 'waiting', tonumber(due[i + 1]), now) end
  end
  return {promoted = #due / 2}
end
