-- A due moment as a score: those of the same millisecond stand in the order in which they came. A millisecond has 1,024
-- places; what does not fit goes to the next one, up to 100 ms late.
local DUE = 1024

local function due_score(due)
  for moment = due, due + 100 do
    local from, to = ms(moment * DUE), '(' .. ms((moment + 1) * DUE)
    local last = look('ZRANGE', 'delayed', to, from, 'BYSCORE', 'REV', 'LIMIT', 0, 1, 'WITHSCORES')
    if not last[1] then return moment * DUE end
    if tonumber(last[2]) < (moment + 1) * DUE - 1 then return tonumber(last[2]) + 1 end
  end
  return (due + 101) * DUE - 1
end

-- A job into a state's set. `moment` as below.
local function stand(id, job, to, now, moment)
  if to == 'waiting' then
    put('waiting', id, moment or next_place(job))
    line_up(job.tenant)
    if job.batch then redis.call('HSETNX', key.batches, job.batch, job.tenant) end  -- its result is to be assembled
  elseif to == 'delayed' then
    put('delayed', id, due_score(moment))
  elseif to == 'active' then
    put('active', id, moment)
  else
    put(to, id, now + (job.retention or policy['retention_' .. to .. '_ms']))
  end
end

-- Every arrow of the drawing. `from` nil: a new job; `to` nil: a job that is forgotten. `moment` is the due moment, the
-- lease's end, or a job's former place in waiting; elsewhere it follows from the job.
local function move(id, job, from, to, now, moment)
  if from then
    take_out(from, id)
    each_member(take_out, id, job, from)
    if from == 'active' and redis.call('ZSCORE', key.limited, job.tenant) then
      redis.call('ZADD', key.limited, now, job.tenant)  -- it may be within its limits again
    end
  else
    each_tag(put, id, job)
  end
  if not to then
    each_tag(take_out, id, job)
    write(id, false)
    return
  end
  job.at = now
  if to == 'failed' then use(job, now, 0, 1) end
  stand(id, job, to, now, moment)
  if job.expires and to ~= 'waiting' and to ~= 'delayed' then
    redis.call('ZREM', key.expiries, id)  -- it has started, or ended
    job.expires = nil
  end
  each_member(put, id, job, to)
  write(id, job)
end
