-- One request under one quota that counts by GCRA: the most frequent case, and the shortest script. The rest is reckoned by who asks.
-- KEYS[1]: its key. ARGV[1]: how far ahead the theoretical arrival time may be for the request to have room, in nanoseconds; less than none: never. ARGV[2]: how
-- much further it is then. Answers how far ahead it was, and when that was. Numbers are integers below 2^53, which a double holds exactly.
local stored, arrival = redis.call('GET', KEYS[1]), 0
if stored then
    if #stored ~= 16 then
        error('no state of a limit')
    end
    local at, after = struct.unpack('<dd', stored)
    arrival = (at - now) * 1000 + after - nanos
    if arrival < 0 then
        arrival = 0
    end
end
if arrival <= tonumber(ARGV[1]) and ARGV[2] ~= '0' then
    local after = arrival + ARGV[2]
    local expires = math.ceil(now / 1000 + after / 1000000) + margin
    redis.call('SET', KEYS[1], struct.pack('<dd', now, after + nanos), 'PXAT', string.format('%d', expires))
end
return { arrival, now, nanos }
