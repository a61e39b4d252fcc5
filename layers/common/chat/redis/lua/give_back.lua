-- Takes one request out of the list that the library `limits` keeps of a moving window.
-- KEYS[1] the list, ARGV[1] the request's time. Compared as numbers: Redis writes a script's numbers in its own way.
local at = tonumber(ARGV[1])
for _, entry in ipairs(redis.call('lrange', KEYS[1], 0, -1)) do
    if tonumber(entry) == at then
        return redis.call('lrem', KEYS[1], 1, entry)
    end
end
return 0
