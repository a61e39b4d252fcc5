-- Takes a slot of a user, or keeps the one that the session has. Nil: it has one; else when the first one ends.
-- KEYS: the user's slots. ARGV: session, limit, now, until, milliseconds that the set is to live.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) or redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[2]) then
    redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
    return nil
end
return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
