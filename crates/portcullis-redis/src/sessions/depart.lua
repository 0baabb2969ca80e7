-- The id of a login is gone, and another may follow. ARGV[3]: public id. ARGV[4]: the digest of the old id. ARGV[5]: when it gives up.
local known = redis.call('HGET', KEYS[1], ARGV[3])
if known and string.sub(known, 1, #ARGV[4] + 3) == 'L ' .. ARGV[4] .. ' ' then
    redis.call('HSET', KEYS[1], ARGV[3], 'M ' .. ARGV[5])
    keep_until(tonumber(ARGV[5]))
    return 1
end
return 0
