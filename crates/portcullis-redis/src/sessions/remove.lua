-- Removes logins that still are where they were seen. ARGV, from the third on, two for each: public id, and where it was seen.
-- Answers those that have moved since, with where they are.
local moved = {}
for at = 3, #ARGV, 2 do
    local known = redis.call('HGET', KEYS[1], ARGV[at])
    if known == ARGV[at + 1] then
        redis.call('HDEL', KEYS[1], ARGV[at])
    elseif known then
        moved[#moved + 1] = ARGV[at]
        moved[#moved + 1] = known
    end
end
return moved
