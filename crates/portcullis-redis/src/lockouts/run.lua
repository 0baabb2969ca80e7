-- Moments are microseconds since 1970, below 2^52: until 2112. The last of them means never; twice that and one more is still exact.
local NEVER = 4503599627370495

-- What is kept of one counter: from when on it is forgotten; until when it is locked, or where the present round began; failures of
-- that round; and locks so far. Nothing is kept where the first of them is 0.
local function read(key)
    local stored = redis.call('GET', key)
    if not stored then
        return 0, 0, 0, 0
    end
    if #stored ~= 32 then
        error('no state of a counter')
    end
    local forgotten, open, failures, locks = struct.unpack('<dddd', stored)
    if forgotten <= now then
        return 0, 0, 0, 0
    end
    return forgotten, open, failures, locks
end

local function write(key, forgotten, open, failures, locks)
    local value = struct.pack('<dddd', forgotten, open, failures, locks)
    if forgotten <= now then
        redis.call('DEL', key)
    elseif forgotten == NEVER then
        redis.call('SET', key, value)
    else
        redis.call('SET', key, value, 'PXAT', string.format('%d', math.ceil(forgotten / 1000) + margin))
    end
end

-- Until when it is locked (0: not; -1: for ever, in microseconds from now), and how many failures are left.
local function standing(attempts, forgotten, open, failures)
    if forgotten == 0 then
        return 0, attempts
    elseif open == NEVER then
        return -1, 0
    elseif open > now then
        return open - now, 0
    end
    return 0, math.max(0, attempts - failures)
end
