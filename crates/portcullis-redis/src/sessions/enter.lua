-- Enters a login under its first or its next id. ARGV[3]: public id. ARGV[4]: where it is from now on. ARGV[5]: whether it goes on under a
-- next id. Answers 0 where it is over, or there already.
local known = redis.call('HGET', KEYS[1], ARGV[3])
local is_between_ids = known and string.sub(known, 1, 1) == 'M' and not is_over(known)
if ARGV[5] == '1' and not is_between_ids then
    return 0
end
if ARGV[5] == '0' and known then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
keep_until(tonumber(string.match(ARGV[4], '(%-?%d+)$')))
-- A few of the others are looked at, so that what is over does not pile up.
local some = redis.call('HRANDFIELD', KEYS[1], 8, 'WITHVALUES')
for at = 1, #some, 2 do
    if some[at] ~= ARGV[3] and is_over(some[at + 1]) then
        redis.call('HDEL', KEYS[1], some[at])
    end
end
return 1
