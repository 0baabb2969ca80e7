-- Removes a session. KEYS[1]: its row. Answers the beginning of the row, up to the end of the login, if there was one.
local stored = redis.call('GET', KEYS[1])
if not stored then
    return false
end
redis.call('DEL', KEYS[1])
local line, length = string.match(stored, '^(1 %-?%d+ (%d+)\n)')
return string.sub(stored, 1, #line + tonumber(length))
