-- Renews a flight's lead, if it is still this session's.
-- KEYS: flight. ARGV: session id, milliseconds to live.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
