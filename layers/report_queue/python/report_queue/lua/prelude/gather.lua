-- Writes of jobs and of turns are gathered and made together: the entries of ten jobs in one ZADD cost little more than
-- those of one, and a script that fails half way has written none of them.
-- `score_of` and `read` see what was gathered. Whoever looks at a set as a whole asks through `look`, which makes it first.

local gathered = {}  -- name of a sorted set -> member -> its score, or false where it leaves
local records, unsaved = {}, {}  -- id -> job, or false where there is none; id -> true where it is to be written
local pending = false

local function put(name, member, score)
  local members = gathered[name]
  if not members then
    members = {}
    gathered[name] = members
  end
  members[member] = score
  pending = true
end

local function take_out(name, member) put(name, member, false) end

-- No command gets more than 4,000 words: Lua hands over 8,000 at most.
local function in_parts(command, name, words)
  for from = 1, #words, 4000 do
    redis.call(command, key[name], unpack(words, from, math.min(from + 3999, #words)))
  end
end

local function flush()
  if not pending then return end
  pending = false
  for name, members in pairs(gathered) do
    local added, removed = {}, {}
    for member, score in pairs(members) do
      if score then
        added[#added + 1] = score
        added[#added + 1] = member
      else
        removed[#removed + 1] = member
      end
    end
    in_parts('ZREM', name, removed)
    in_parts('ZADD', name, added)
  end
  local written, forgotten = {}, {}
  for id in pairs(unsaved) do
    local job = records[id]
    if job then
      written[#written + 1] = id
      written[#written + 1] = encode(job)
    else
      forgotten[#forgotten + 1] = id
    end
  end
  in_parts('HSET', 'jobs', written)
  in_parts('HDEL', 'jobs', forgotten)
  gathered, unsaved = {}, {}
end

local function look(command, name, ...)
  flush()
  return redis.call(command, key[name], ...)
end

local function score_of(name, member)
  local score = gathered[name] and gathered[name][member]
  if score == nil then score = tonumber(redis.call('ZSCORE', key[name], member)) end
  return score or nil
end

local function read(id)
  if records[id] == nil then
    local record = redis.call('HGET', key.jobs, id)
    records[id] = record and decode(record)
  end
  return records[id]
end

-- Of those that have these ids `read` need not ask one by one.
local function read_ahead(named)
  if #named < 2 then return end
  local ids = {}
  for position, one in ipairs(named) do ids[position] = one.id end
  for position, record in ipairs(redis.call('HMGET', key.jobs, unpack(ids))) do
    local id = ids[position]
    if records[id] == nil then records[id] = record and decode(record) end
  end
end

-- A job as it is to be; false: it is forgotten.
local function write(id, job)
  records[id], unsaved[id], pending = job, true, true
end
