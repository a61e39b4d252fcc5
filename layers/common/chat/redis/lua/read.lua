-- All entries of a generation's log from an id on, in a few large values: clients parse these much faster than entries.
-- KEYS: stream, control. ARGV: the least event id.
-- Returns the epoch ('' if the log is empty), a line "<entry id> <field> <bytes of its value>" for each entry, and
-- the values, joined.
local rows = redis.call('XRANGE', KEYS[1], ARGV[1], '+')
local heads, values = {}, {}
for at, row in ipairs(rows) do
  heads[at] = row[1] .. ' ' .. row[2][1] .. ' ' .. #row[2][2]
  values[at] = row[2][2]
end
return {redis.call('HGET', KEYS[2], 'epoch') or '', table.concat(heads, '\n'), table.concat(values)}
