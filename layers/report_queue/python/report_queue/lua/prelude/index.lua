-- The index: how jobs are found by what is known of them, newest first, without a key per value. What is to be done with
-- a member is `put` or `take_out`.
--   tenant|state|type|at|id          every state but waiting
--   tenant|tag:tag|accepted|id       each tag
--   tenant|error:signature|at|id     the last failure, while the job is failed
--   batch:batch|state|id             a batch's jobs
local function each_member(act, id, job, state)
  if state ~= 'waiting' then
    local at = string.format('%013d|', job.at) .. id
    act('index', job.tenant .. '|' .. state .. '|' .. job.type .. '|' .. at, 0)
    if state == 'failed' and job.signature then
      act('index', job.tenant .. '|error:' .. job.signature .. '|' .. at, 0)
    end
  end
  if job.batch then act('index', 'batch:' .. job.batch .. '|' .. state .. '|' .. id, 0) end
end

local function each_tag(act, id, job)
  for _, tag in ipairs(job.tags or {}) do
    act('index', job.tenant .. '|tag:' .. tag .. '|' .. string.format('%013d|', job.accepted) .. id, 0)
  end
end
