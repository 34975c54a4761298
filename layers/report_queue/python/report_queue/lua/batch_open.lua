-- flags: allow-oom
-- Takes: batches [{id, tenant}], at most 500: those whose result is to be assembled once no job of theirs is on its way.
-- Gives: opened, how many of these were not known.
-- It only says where to look: what is forgotten here is opened again from the store.
local function batch_open(args)
  local opened = 0
  for _, batch in ipairs(args.batches) do
    opened = opened + redis.call('HSETNX', key.batches, batch.id, batch.tenant)
  end
  return {opened = opened}
end
