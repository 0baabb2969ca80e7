-- Takes hits back. KEYS: one for each. ARGV[1]: whether a window that nothing is left in has never begun. ARGV, from the second on, six for each: algorithm, emission
-- interval or length of the window in units, cost, units in a microsecond, and when it was counted, in microseconds and nanoseconds.
local refund = {}

-- As much as cannot have drained since.
function refund.g(emission, cost, counted, fresh)
    return fresh - math.max(0, emission * cost + counted), 0, 0
end

function refund.f(length, cost, counted, fresh, current)
    if counted >= fresh - length then
        current = math.max(0, current - cost)
    end
    return fresh, current, 0
end

function refund.s(length, cost, counted, fresh, current, previous)
    local begin
    begin, current, previous = windows(length, fresh, current, previous)
    if counted >= begin then
        current = math.max(0, current - cost)
    elseif counted >= begin - length then
        previous = math.max(0, previous - cost)
    end
    return begin + 2 * length, current, previous
end

for number, key in ipairs(KEYS) do
    local at = 6 * number - 4
    local algorithm, length, cost, units = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local fresh, current, previous = read(key, algorithm, units)
    if fresh > 0 then
        -- Never later than now, should the clock have been set back since.
        local counted = math.min(0, since(tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]), units))
        fresh, current, previous = refund[algorithm](length, cost, counted, fresh, current, previous)
        if ARGV[1] == '1' and algorithm ~= 'g' and current + previous == 0 then
            fresh = 0
        end
        write(key, algorithm, units, fresh, current, previous)
    end
end
return 1
