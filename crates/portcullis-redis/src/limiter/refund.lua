-- Takes hits back. KEYS: one for each. ARGV[4]: whether a window that nothing is left in has never begun. ARGV, from the fifth on, seven for each: algorithm, limit, emission interval or length of the
-- window in units, cost, unit in nanoseconds, and when it was counted, in seconds and nanoseconds.
local refund = {}

-- As much as cannot have drained since.
function refund.g(_, emission, cost, counted, state)
    local left = math.max(0, emission * cost + counted)
    return { fresh = state.fresh - left, current = 0, previous = 0 }
end

function refund.f(_, length, cost, counted, state)
    if counted >= state.fresh - length then
        state.current = math.max(0, state.current - cost)
    end
    return state
end

function refund.s(_, length, cost, counted, state)
    local window = windows(length, state)
    if counted >= window.begin then
        window.current = math.max(0, window.current - cost)
    elseif counted >= window.begin - length then
        window.previous = math.max(0, window.previous - cost)
    end
    return after(window)
end

for number, key in ipairs(KEYS) do
    local at = 7 * number - 2
    local algorithm, limit, length, cost = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local unit = tonumber(ARGV[at + 4])
    -- Never later than now, should the clock have been set back since.
    local counted = math.min(0, units(ARGV[at + 5], ARGV[at + 6], unit))
    local state = read(key, unit)
    if state then
        state = refund[algorithm](limit, length, cost, counted, state)
        if ARGV[4] == '1' and algorithm ~= 'g' and state.current + state.previous == 0 then
            state.fresh = 0
        end
        write(key, algorithm, state, unit)
    end
end
return 1
