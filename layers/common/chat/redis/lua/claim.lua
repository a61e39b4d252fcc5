-- Claims a flight's lead.
-- KEYS: flight. ARGV: session id, milliseconds to live.
-- Returns the leader's session id.
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return ARGV[1]
end
local leader = redis.call('GET', KEYS[1])
if leader == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return leader
