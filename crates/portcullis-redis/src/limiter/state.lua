-- What is kept of one key: a moment, in microseconds since 1970; how long after it the key is as good as new, in units; and hits of this and of the former window, where the
-- algorithm counts them. A microsecond has 1000 units, or 1 where nanoseconds would not fit below 2^53. `fresh` is the time from now until the key is as good as new.
local function since(at, after, units)
    if units == 1000 then
        return (at - now) * 1000 + after - nanos
    end
    return at - now + after
end

local function read(key, algorithm, units)
    local stored = redis.call('GET', key)
    if not stored then
        return 0, 0, 0
    end
    local at, after, current, previous
    if algorithm == 'g' and #stored == 16 then
        at, after = struct.unpack('<dd', stored)
    elseif algorithm ~= 'g' and #stored == 32 then
        at, after, current, previous = struct.unpack('<dddd', stored)
    else
        error('no state of a limit')
    end
    local fresh = since(at, after, units)
    if fresh <= 0 then
        return 0, 0, 0
    end
    return fresh, current or 0, previous or 0
end

local function write(key, algorithm, units, fresh, current, previous)
    if fresh <= 0 then
        redis.call('DEL', key)
        return
    end
    local after = units == 1000 and fresh + nanos or fresh
    local value = algorithm == 'g' and struct.pack('<dd', now, after) or struct.pack('<dddd', now, after, current, previous)
    local expires = math.ceil(now / 1000 + fresh / (1000 * units)) + margin
    redis.call('SET', key, value, 'PXAT', string.format('%d', expires))
end

-- Where the present window began, in units from now, and the hits of this and of the former one.
local function windows(length, fresh, current, previous)
    if fresh <= 0 then
        return 0, 0, 0
    end
    local begin = fresh - 2 * length
    if -begin >= length then
        return begin + length, 0, current
    end
    return begin, current, previous
end
