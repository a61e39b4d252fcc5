-- Appends entries to a generation's log.
-- KEYS: stream, control. ARGV: epoch, seconds to live, the id of the last entry that the producer has appended (0: none),
-- then id, field and value of each entry.
-- Returns 0: continue, 1: stop, 2: a later epoch has written to the log, 3: the log lacks earlier entries.
local epoch = tonumber(ARGV[1])
local held = redis.call('HMGET', KEYS[2], 'epoch', 'last', 'stop')
local current = tonumber(held[1] or 0)
local last = tonumber(held[2] or 0)
if epoch < current then
  return 2
end
local changed = epoch > current
-- Either key can be lost without the other.
if changed or (last > 0 and redis.call('EXISTS', KEYS[1]) == 0) then
  last = 0
end
if last < tonumber(ARGV[3]) then
  return 3
end
if last == 0 then
  redis.call('DEL', KEYS[1])
end
for at = 4, #ARGV, 3 do
  local id = tonumber(ARGV[at])
  if id > last then
    -- The epoch in an entry's id tells a reader that the log was begun anew.
    redis.call('XADD', KEYS[1], ARGV[at] .. '-' .. ARGV[1], ARGV[at + 1], ARGV[at + 2])
    last = id
    changed = true
  end
end
if changed then
  redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'last', string.format('%.0f', last))
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
if held[3] then
  return 1
end
return 0
