-- flags: no-writes
-- A batch's jobs
-- Takes: id, the batch's. Gives: members [{id, state, round, progress, reason?, message?}], at most 1,000, by state.
local function batch(args)
  local prefix = 'batch:' .. args.id .. '|'
  local members = {}
  for _, found in ipairs(look('ZRANGE', 'index', '[' .. prefix, '[' .. prefix .. '\255', 'BYLEX', 'LIMIT', 0, 1000)) do
    local state, id = string.match(string.sub(found, #prefix + 1), '^([^|]*)|(.*)$')
    local job = read(id)
    if job then
      local member = {id = id, state = state, round = job.round, progress = job.progress}
      if state == 'failed' then
        member.reason, member.message = job.reason, job.message and cut(job.message, 300)
      end
      members[#members + 1] = member
    end
  end
  return {members = members}
end
