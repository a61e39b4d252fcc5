-- Ends a flight's lead, if it is still this session's.
-- KEYS: flight. ARGV: session id.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
