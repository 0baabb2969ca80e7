-- Several requests, all or nothing. KEYS: one for each. ARGV[4]: whether they are counted, or only judged. ARGV, from the fifth on, five for each: algorithm, limit, emission
-- interval or length of the window in units, cost, unit in nanoseconds.
-- Answers seconds and nanoseconds of the decision, then four numbers for each: allowed, remaining, reset and retry after in units.
local judge = {}

function judge.g(limit, emission, cost, state)
    local capacity, arrival = emission * limit, state and state.fresh or 0
    local next = arrival + emission * cost
    if next <= capacity then
        return 1, math.floor((capacity - next) / emission), next, 0, { fresh = next, current = 0, previous = 0 }
    end
    local wait = next - capacity
    if cost > limit then
        wait = math.max(arrival, emission)
    end
    return 0, math.floor(math.max(capacity - arrival, 0) / emission), arrival, wait
end

function judge.f(limit, length, cost, state)
    local fresh, count = length, 0
    if state then
        fresh, count = state.fresh, state.current
    end
    local total = count + cost
    if total <= limit then
        return 1, limit - total, total == 0 and 0 or fresh, 0, { fresh = fresh, current = total, previous = 0 }
    end
    return 0, limit - math.min(count, limit), fresh, fresh
end

-- The time until no more than `room` of the former window counts.
local function until_former(window, room)
    if window.previous <= room then
        return 0
    end
    local covered = math.floor(room * window.length / window.previous)
    return math.max(0, window.length - elapsed(window) - covered)
end

local function until_room(window, limit, cost)
    local room = limit - cost - window.current
    if room >= 0 then
        return until_former(window, room)
    end
    local following = { length = window.length, begin = 0, current = 0, previous = window.current }
    return window.length - elapsed(window) + until_former(following, limit - cost)
end

function judge.s(limit, length, cost, state)
    local window = windows(length, state)
    local used = window.current
    if window.previous > 0 then
        used = used + share(window.previous, length - elapsed(window), length)
    end
    local reset = state and state.fresh or 0
    if used + cost <= limit or cost == 0 then
        window.current = window.current + cost
        local state = after(window)
        if cost > 0 then
            reset = state.fresh
        end
        return 1, limit - math.min(used + cost, limit), reset, 0, state
    end
    local wait = cost > limit and math.max(reset, length) or until_room(window, limit, cost)
    return 0, limit - math.min(used, limit), reset, wait
end

local before, now, answer, is_allowed = {}, {}, { seconds, nanos }, ARGV[4] == '1'
for number, key in ipairs(KEYS) do
    local at = 5 * number
    if before[key] == nil then
        before[key] = read(key, tonumber(ARGV[at + 4])) or false
        now[key] = before[key]
    end
    local algorithm, limit, length, cost = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local allowed, remaining, reset, wait, state = judge[algorithm](limit, length, cost, now[key])
    if allowed == 0 then
        is_allowed = false
    elseif cost > 0 then
        now[key] = state
    end
    for _, part in ipairs({ allowed, remaining, reset, wait }) do
        answer[#answer + 1] = part
    end
end
for number, key in ipairs(KEYS) do
    local at = 5 * number
    local algorithm, limit, length = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    if is_allowed then
        if now[key] ~= before[key] then
            write(key, algorithm, now[key], tonumber(ARGV[at + 4]))
            before[key] = now[key]
        end
    elseif answer[4 * number - 1] == 1 then
        -- Nothing was counted after all.
        local _, remaining, reset = judge[algorithm](limit, length, 0, before[key])
        answer[4 * number], answer[4 * number + 1] = remaining, reset
    end
end
return answer
