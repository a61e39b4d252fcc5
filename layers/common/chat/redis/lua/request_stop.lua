-- Requests a stop of a generation, even before its producer has written anything.
-- KEYS: control. ARGV: seconds to live.
redis.call('HSET', KEYS[1], 'stop', '1')
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
