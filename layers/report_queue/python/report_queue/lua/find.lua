-- flags: no-writes
-- Takes: ids, at most 500. Gives: jobs [{id, state, moment, job}], those that are known, in the order asked.
local function find(args)
  local jobs = {}
  for _, id in ipairs(args.ids) do
    local job = read(id)
    local state, moment = state_of(id)
    if job and state then
      jobs[#jobs + 1] = {id = id, state = state, moment = moment, job = job}
    end
  end
  return {jobs = jobs}
end
