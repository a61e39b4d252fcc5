-- Removes one request from the list that the library `limits` keeps for a moving window.
-- KEYS[1] the list, ARGV[1] the request's time. Compared as numbers, because Redis formats a script's numbers differently.
local at = tonumber(ARGV[1])
for _, entry in ipairs(redis.call('lrange', KEYS[1], 0, -1)) do
    if tonumber(entry) == at then
        return redis.call('lrem', KEYS[1], 1, entry)
    end
end
return 0
