-- As many write it by hand: the arrival time in microseconds, all arithmetic in the script.
local emission, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local arrival = tonumber(redis.call('GET', KEYS[1])) or now
local next = math.max(arrival, now) + emission
if next - now > burst then
    return { 0, 0, next - now - burst }
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return { 1, math.floor((burst - (next - now)) / emission), 0 }
