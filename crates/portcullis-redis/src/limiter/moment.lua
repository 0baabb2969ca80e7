-- ARGV[1], ARGV[2]: seconds and nanoseconds of the caller's clock; no seconds: Redis' own. ARGV[3]: milliseconds that a key outlives its use.
local seconds, nanos, margin = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not seconds then
    local time = redis.call('TIME')
    seconds, nanos = tonumber(time[1]), tonumber(time[2]) * 1000
end
