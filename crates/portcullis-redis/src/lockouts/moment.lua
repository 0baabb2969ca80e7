-- ARGV[1], ARGV[2]: seconds and nanoseconds of the caller's clock; no seconds: Redis' own. ARGV[3]: milliseconds that a key outlives its use.
-- Moments are microseconds since 1970, below 2^52: until 2112. The last of them means never; twice that and one more is still exact.
local NEVER = 4503599627370495
local now
if ARGV[1] == '' then
    local time = redis.call('TIME')
    now = tonumber(time[1]) * 1000000 + tonumber(time[2])
else
    now = tonumber(ARGV[1]) * 1000000 + math.floor(tonumber(ARGV[2]) / 1000)
end
local margin = tonumber(ARGV[3])

-- What is kept of one counter: from when on it is forgotten; until when it is locked, or where the present round began; failures of
-- that round; and locks so far.
local function read(key)
    local stored = redis.call('GET', key)
    if not stored then
        return nil
    end
    local forgotten, open, failures, locks = string.match(stored, '^(%d+) (%d+) (%d+) (%d+)$')
    local run = {
        forgotten = tonumber(forgotten),
        open = tonumber(open),
        failures = tonumber(failures),
        locks = tonumber(locks),
    }
    if run.forgotten <= now then
        return nil
    end
    return run
end

local function write(key, run)
    if run.forgotten <= now then
        redis.call('DEL', key)
        return
    end
    local value = string.format('%.0f %.0f %.0f %.0f', run.forgotten, run.open, run.failures, run.locks)
    if run.forgotten == NEVER then
        redis.call('SET', key, value)
    else
        redis.call('SET', key, value, 'PX', math.ceil((run.forgotten - now) / 1000) + margin)
    end
end

-- Answers until when it is locked (0: not; -1: for ever, in microseconds from now), and how many failures are left.
local function standing(run, attempts)
    if not run then
        return 0, attempts
    end
    if run.open == NEVER then
        return -1, 0
    end
    if run.open > now then
        return run.open - now, 0
    end
    return 0, math.max(0, attempts - run.failures)
end
