-- Appends entries to a generation's log.
-- KEYS: stream, control. ARGV: epoch, seconds to live, then id, field and value of each entry.
-- Returns 0: go on, 1: stop, 2: a later epoch has written here.
local epoch = tonumber(ARGV[1])
local held = redis.call('HMGET', KEYS[2], 'epoch', 'last', 'stop')
local current = tonumber(held[1] or 0)
local last = tonumber(held[2] or 0)
if epoch < current then
  return 2
end
local changed = epoch > current
if changed then
  redis.call('DEL', KEYS[1])
  last = 0
end
for at = 3, #ARGV, 3 do
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
