-- flags: no-writes
-- needs: find
-- A tenant's jobs by what is known of them, the newest first; a page at a time
-- Takes: tenant; state, tag, signature (of failed jobs) or batch, at least one; type?; from?, to? (ms: when it entered its
--        state, with a tag when it was accepted); after? (where the last page ended); offset; limit.
-- Gives: jobs as `find` does; after?, where this page ended, if there may be more.
-- Each way of asking is a merge of ranges that are in order: of the index, or, for waiting jobs, of the tenant's lines.
-- What the ranges do not decide is read and left out; a page looks at no more than 1,000 jobs, so it may be short.
local SCAN = 1000

-- {place in the order, id} of what stands in a range of the index, newest first. The place is text and begins at `at`.
local function from_index(prefix, args, most)
  local upper = '[' .. prefix .. (args.to and string.format('%013d|', args.to) or '') .. '\255'
  if args.after then upper = '(' .. prefix .. args.after end
  local lower = '[' .. prefix .. (args.from and string.format('%013d', args.from) or '')
  local found = {}
  for i, member in ipairs(look('ZRANGE', 'index', upper, lower, 'BYLEX', 'REV', 'LIMIT', 0, most)) do
    found[i] = {string.sub(member, #prefix + 1), string.match(member, '[^|]+$')}
  end
  return found
end

local function from_line(line, args, most)
  local from, to = line_range(line)
  if args.after then to = ms(line * LINE + tonumber(string.match(args.after, '^%d+'))) end
  -- A few more than asked for: those of the place where the last page ended come again.
  local members = look('ZRANGE', 'waiting', to, from, 'BYSCORE', 'REV', 'LIMIT', 0, most + 20, 'WITHSCORES')
  local found = {}
  for i = 1, #members, 2 do
    local place = string.format('%013d', tonumber(members[i + 1]) - line * LINE) .. '|' .. members[i]
    if not args.after or place < args.after then found[#found + 1] = {place, members[i]} end
  end
  return found
end

local function candidates(args)
  local facet = args.tag and 'tag:' .. args.tag or args.signature and 'error:' .. args.signature
  if facet then return from_index(args.tenant .. '|' .. facet .. '|', args, SCAN) end
  local asked = {after = args.after}  -- a batch's jobs stand there without a moment
  if args.batch then
    return from_index('batch:' .. args.batch .. '|' .. (args.state and args.state .. '|' or ''), asked, SCAN)
  end
  local most = (args.state == 'waiting' and (args.from or args.to)) and SCAN or args.offset + args.limit + 1
  local found = {}
  for type, line in pairs(tenant_of(args.tenant).lines) do
    if not args.type or type == args.type then
      local range = args.state == 'waiting' and from_line(line, args, most)
        or from_index(table.concat({args.tenant, args.state, type, ''}, '|'), args, most)
      for _, candidate in ipairs(range) do found[#found + 1] = candidate end
    end
  end
  table.sort(found, function(one, other) return one[1] > other[1] end)
  return found
end

local function wanted(entry, args)
  local job = entry.job
  return job.tenant == args.tenant
    and (not args.state or entry.state == args.state)
    and (not args.type or job.type == args.type)
    and (not args.batch or job.batch == args.batch)
    and (not args.signature or (entry.state == 'failed' and job.signature == args.signature))
    and (args.tag or ((not args.from or job.at >= args.from) and (not args.to or job.at <= args.to)))
end

local function list(args)
  local jobs, skip, last = {}, args.offset, nil
  -- Where the ranges decide everything, who is passed over need not be read.
  local exact = args.state and not (args.tag or args.signature or args.batch or args.state == 'waiting' and (args.from or args.to))
  local found = candidates(args)
  for looked, candidate in ipairs(found) do
    if #jobs == args.limit or looked > SCAN + args.offset then return {jobs = jobs, after = last} end
    last = candidate[1]
    local entry = not (exact and skip > 0) and entry_of(candidate[2])
    if skip > 0 and (exact or entry and wanted(entry, args)) then
      skip = skip - 1
    elseif entry and wanted(entry, args) then
      jobs[#jobs + 1] = entry
    end
  end
  return {jobs = jobs, after = #found >= SCAN and last or nil}
end
