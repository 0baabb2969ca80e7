-- What is kept of one key: a moment, as seconds and nine digits of nanoseconds, and hits of this and of the former window, where the
-- algorithm counts them. `fresh` is that moment, in units from now: from there on the key is as good as new. A unit is a nanosecond, or
-- a microsecond where nanoseconds would not fit below 2^53.
local function units(at, below, unit)
    return (tonumber(at) - seconds) * (1e9 / unit) + math.floor((tonumber(below) - nanos) / unit)
end

local function read(key, unit)
    local stored = redis.call('GET', key)
    if not stored then
        return nil
    end
    local at, below, current, previous = string.match(stored, '^(%d+)(%d%d%d%d%d%d%d%d%d) ?(%d*) ?(%d*)$')
    local fresh = units(at, below, unit)
    if fresh <= 0 then
        return nil
    end
    return { fresh = fresh, current = tonumber(current) or 0, previous = tonumber(previous) or 0 }
end

local function write(key, algorithm, state, unit)
    if state.fresh <= 0 then
        redis.call('DEL', key)
        return
    end
    local second = 1e9 / unit
    local at = math.floor(nanos / unit) + state.fresh
    local value = string.format('%.0f%09.0f', seconds + math.floor(at / second), (at % second) * unit)
    if algorithm ~= 'g' then
        value = string.format('%s %.0f %.0f', value, state.current, state.previous)
    end
    redis.call('SET', key, value, 'PX', math.ceil(state.fresh * unit / 1e6) + margin)
end

-- The smallest integer that is not below a * b / c. Products beyond 2^53 are compared in two parts: exact while a and the result are
-- below 2^26, and off by one at most beyond.
local function share(a, b, c)
    local result = math.ceil(a * b / c)
    if a * b < 9007199254740992 then
        return result
    end
    local high, low = math.floor(b / 67108864), b % 67108864
    local above, below = math.floor(c / 67108864), c % 67108864
    local function missing()
        return (a * high - result * above) * 67108864 + (a * low - result * below)
    end
    while missing() > 0 do
        result = result + 1
    end
    while missing() <= -c do
        result = result - 1
    end
    return result
end

-- Two windows side by side. `begin` is where the present one began, in units from now.
local function windows(length, state)
    if not state then
        return { length = length, begin = 0, current = 0, previous = 0 }
    end
    local begin = state.fresh - 2 * length
    if -begin >= length then
        return { length = length, begin = begin + length, current = 0, previous = state.current }
    end
    return { length = length, begin = begin, current = state.current, previous = state.previous }
end

local function elapsed(window)
    return math.max(0, math.min(-window.begin, window.length))
end

local function after(window)
    return { fresh = window.begin + 2 * window.length, current = window.current, previous = window.previous }
end
