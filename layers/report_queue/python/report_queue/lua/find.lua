-- flags: no-writes
-- Takes: ids, at most 500. Gives: jobs [{id, state, moment, job}], those that are known, in the order asked. The moment:
-- due (delayed), end of the lease (active), when it is forgotten (ended), since when (waiting).
local function entry_of(id)
  local job = read(id)
  local state, score = state_of(id)
  if not (job and state) then return end
  local moment = score
  if state == 'waiting' then moment = job.at end
  if state == 'delayed' then moment = math.floor(score / DUE) end
  for name in pairs(ABSENT) do job[name] = job[name] end
  return {id = id, state = state, moment = moment, job = job}
end

local function find(args)
  local jobs = {}
  for _, id in ipairs(args.ids) do jobs[#jobs + 1] = entry_of(id) end
  return {jobs = jobs}
end
