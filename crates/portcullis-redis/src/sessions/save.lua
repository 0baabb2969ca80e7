-- New data for a live session. KEYS[1]: its row. ARGV: now, in milliseconds since 1970; the login that must still be there, or '*' for any; the
-- row; and for how many milliseconds it is kept.
-- Answers nothing where there is no live session; otherwise whether it was saved, and the login that was there before.
local stored = redis.call('GET', KEYS[1])
if not stored then
    return false
end
local line, ends, length = string.match(stored, '^(1 (%-?%d+) (%d+)\n)')
if tonumber(ends) <= tonumber(ARGV[1]) then
    return false
end
local login = string.sub(stored, #line + 1, #line + tonumber(length))
if ARGV[2] ~= '*' and ARGV[2] ~= login then
    return { 0, login }
end
if tonumber(ARGV[4]) <= 0 then
    redis.call('DEL', KEYS[1])
else
    redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
return { 1, login }
