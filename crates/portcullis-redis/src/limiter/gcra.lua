-- One request under one quota that counts by GCRA: the most frequent case, and the shortest script.
-- KEYS[1]: its key, which holds the theoretical arrival time, seconds and nine digits of nanoseconds.
-- ARGV[4..6]: emission interval in nanoseconds, limit, cost.
-- Numbers are integers below 2^53, which a double holds exactly: times are reckoned from now.
local emission, limit, cost = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local capacity = emission * limit
local stored = redis.call('GET', KEYS[1])
local arrival = 0
if stored then
    local at = (tonumber(string.sub(stored, 1, -10)) - seconds) * 1e9 + tonumber(string.sub(stored, -9)) - nanos
    if at > 0 then
        arrival = at
    end
end
local next = arrival + emission * cost
if next > capacity then
    local wait = next - capacity
    if cost > limit then
        wait = math.max(arrival, emission)
    end
    return { 0, math.floor(math.max(capacity - arrival, 0) / emission), arrival, wait, seconds, nanos }
end
if cost > 0 then
    local at = nanos + next
    local value = string.format('%.0f%09.0f', seconds + math.floor(at / 1e9), at % 1e9)
    redis.call('SET', KEYS[1], value, 'PX', math.ceil(next / 1e6) + margin)
end
return { 1, math.floor((capacity - next) / emission), next, 0, seconds, nanos }
