-- flags: allow-oom
-- Takes: id. Gives: closed, whether the batch was open.
local function batch_close(args)
  return {closed = redis.call('HDEL', key.batches, args.id) == 1}
end
