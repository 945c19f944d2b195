-- The deeds of the shared ledger: a list of them, done in order and in one step with everything they count.
--
-- Time is an argument, never the server's: every edge's leases run out by the clock that the edge gave. Whatever has run
-- out is not counted, whether it was swept or not. A count is the size of a set.
--
-- KEYS  leases   hash: a CallSid, and its lease as JSON
--       until    sorted set: every live call, by when its lease runs out
--       lines    sorted set: calls with the AI, likewise
--       others   what the names of the tenants' sets begin with: their calls that are not with the AI, likewise
--       ended    sorted set: calls that ended, by when that may be forgotten
--       asked    sorted set: calls somebody asks about, by when somebody else may
--       changes  stream: how each changed lease stands, numbered without a gap
--       changed  the number of the last
--       epoch    what a ledger that lost everything no longer knows
-- ARGV  epoch, lease_ms, hanging_up_ms, remembered_ms, ask_again_ms, changes kept, then the deeds as JSON

local LEASES, UNTIL, LINES, OTHERS, ENDED, ASKED, CHANGES, CHANGED, EPOCH = unpack(KEYS)
local LEASE_MS, HANGING_UP_MS = tonumber(ARGV[2]), tonumber(ARGV[3])
local REMEMBERED_MS, ASK_AGAIN_MS, KEPT = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

if redis.call('GET', EPOCH) ~= ARGV[1] then
  return false
end

local function runs_out(lease)
  return lease.heard + (lease.hanging_up and HANGING_UP_MS or LEASE_MS)
end

local function read(sid)
  local text = redis.call('HGET', LEASES, sid)
  return text and cjson.decode(text) or nil
end

-- Numbers are written out: above a hundred thousand million Lua would round them.
local function number(value)
  return string.format('%.0f', value)
end

local function tell(...)
  local id = number(redis.call('INCR', CHANGED)) .. '-1'
  redis.call('XADD', CHANGES, 'MAXLEN', '~', KEPT, id, ...)
end

local function write(lease)
  local text, score, others = cjson.encode(lease), number(runs_out(lease)), OTHERS .. lease.tenant
  redis.call('HSET', LEASES, lease.sid, text)
  redis.call('ZADD', UNTIL, score, lease.sid)
  if lease.with_ai then
    redis.call('ZREM', others, lease.sid)
    redis.call('ZADD', LINES, score, lease.sid)
  else
    redis.call('ZREM', LINES, lease.sid)
    redis.call('ZADD', others, score, lease.sid)
  end
  redis.call('ZREM', ASKED, lease.sid)
  tell('lease', text)
  return text
end

local function remove(lease)
  redis.call('HDEL', LEASES, lease.sid)
  for _, set in ipairs({ UNTIL, LINES, OTHERS .. lease.tenant, ASKED }) do
    redis.call('ZREM', set, lease.sid)
  end
end

local function has_ended(sid, now)
  local forget_at = redis.call('ZSCORE', ENDED, sid)
  return forget_at and tonumber(forget_at) > now
end

local function live_in(set, now)
  return redis.call('ZCOUNT', set, '(' .. number(now), '+inf')
end

local function renew(lease, now)
  lease.heard = math.max(lease.heard, now)
end

local deeds = {}

-- Counts, picks, takes a line, records.
function deeds.begin(deed)
  local lease, now = deed.lease, deed.now
  local live = read(lease.sid)
  if live then
    renew(live, now)
    return { 'live', write(live) }
  end
  local others = live_in(OTHERS .. lease.tenant, now)
  local decision = others >= deed.threshold and deed.at or deed.below
  if decision.available then
    if deed.refused then
      decision = deed.refused
    elseif deed.limit and live_in(LINES, now) >= deed.limit then
      decision = deed.full
    end
  end
  if has_ended(lease.sid, now) then
    return { 'late', others, cjson.encode(decision) }
  end
  lease.decision, lease.others, lease.with_ai = decision, others, decision.available
  write(lease)
  return { 'begun', others, cjson.encode(decision) }
end

-- A call wants to be with the AI again.
function deeds.again(deed)
  local live = read(deed.sid)
  if not live then
    return { 'unknown' }
  end
  renew(live, deed.now)
  live.hanging_up = false
  local has_room = not deed.limit or live_in(LINES, deed.now) < deed.limit
  live.with_ai = live.with_ai or has_room
  write(live)
  return { live.with_ai and 'admitted' or 'full' }
end

-- How a call stands at an edge, and what of that is new.
function deeds.put(deed)
  local lease, changed = deed.lease, deed.changed
  if has_ended(lease.sid, deed.now) then
    return { 'ended' }
  end
  local live = read(lease.sid)
  if not live then
    write(lease)
    return { 'written' }
  end
  if changed.began and live.edge == lease.edge then
    -- Whoever gave the first answer alone may correct it.
    lease.heard = math.max(live.heard, lease.heard)
    remove(live)
    write(lease)
    return { 'written' }
  end
  if changed.hanging_up and lease.heard >= live.heard then
    live.hanging_up = lease.hanging_up
  end
  renew(live, lease.heard)
  if changed.line then
    live.with_ai = lease.with_ai
  end
  if changed.ringing then
    live.ringing, live.rings_until = lease.ringing, lease.rings_until
  end
  if changed.foreign_answer and not live.foreign_answer then
    live.foreign_answer = lease.foreign_answer
  end
  local text = write(live)
  -- Of one that another edge answered first, that answer stays.
  return changed.began and { 'live', text } or { 'written' }
end

-- A call is over; one that is not known begins no more.
deeds['end'] = function(deed)
  local was_known = has_ended(deed.sid, deed.now)
  redis.call('ZADD', ENDED, number(deed.now + REMEMBERED_MS), deed.sid)
  redis.call('ZREMRANGEBYSCORE', ENDED, '-inf', number(deed.now))
  local live = read(deed.sid)
  if live then
    remove(live)
  end
  if live or not was_known then
    tell('over', deed.sid)
  end
  return { live and 'over' or 'unknown' }
end

-- A lease seems to have run out: whoever is told so first tells of it.
function deeds.run_out(deed)
  local live = read(deed.sid)
  if not live then
    return { 'unknown' }
  end
  if runs_out(live) > deed.now then
    return { 'live', cjson.encode(live) }
  end
  remove(live)
  tell('out', deed.sid)
  return { live.hanging_up and 'hung_up' or 'expired' }
end

-- Somebody wants to ask after a call: one at a time.
function deeds.ask(deed)
  local again_at = redis.call('ZSCORE', ASKED, deed.sid)
  if again_at and tonumber(again_at) > deed.now then
    return { 'taken' }
  end
  redis.call('ZADD', ASKED, number(deed.now + ASK_AGAIN_MS), deed.sid)
  return { 'yours' }
end

function deeds.find(deed)
  local text = redis.call('HGET', LEASES, deed.sid)
  return text and { 'live', text } or { 'unknown' }
end

local replies = {}
for at = 7, #ARGV do
  local deed = cjson.decode(ARGV[at])
  replies[#replies + 1] = deeds[deed.deed](deed)
end
return replies
