-- Several requests, all or nothing. KEYS: one for each. ARGV[1]: whether they are counted, or only judged. ARGV, from the second on, five for each: algorithm, limit, emission
-- interval or length of the window in units, cost, units in a microsecond.
-- Answers the moment of the decision, then four numbers for each: allowed, remaining, reset and retry after in units.
-- Each judgement takes, after the request, what is kept, and answers what is kept then.
local judge = {}

function judge.g(limit, emission, cost, fresh)
    local capacity = emission * limit
    local after = fresh + emission * cost
    if after <= capacity then
        return 1, math.floor((capacity - after) / emission), after, 0, after, 0, 0
    end
    local wait = after - capacity
    if cost > limit then
        wait = math.max(fresh, emission)
    end
    return 0, math.floor(math.max(capacity - fresh, 0) / emission), fresh, wait
end

function judge.f(limit, length, cost, fresh, current)
    local reset = fresh > 0 and fresh or length
    local total = current + cost
    if total <= limit then
        return 1, limit - total, total == 0 and 0 or reset, 0, reset, total, 0
    end
    return 0, limit - math.min(current, limit), reset, reset
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

-- The time until no more than `room` of the former window counts, of which so much is covered still.
local function until_former(previous, covered, length, room)
    if previous <= room then
        return 0
    end
    return math.max(0, covered - math.floor(room * length / previous))
end

local function until_room(limit, length, cost, covered, current, previous)
    local room = limit - cost - current
    if room >= 0 then
        return until_former(previous, covered, length, room)
    end
    return covered + until_former(current, length, length, limit - cost)
end

function judge.s(limit, length, cost, fresh, current, previous)
    local begin
    begin, current, previous = windows(length, fresh, current, previous)
    local covered = length - math.max(0, math.min(-begin, length))
    local used = current
    if previous > 0 then
        used = used + share(previous, covered, length)
    end
    if used + cost <= limit or cost == 0 then
        local after = begin + 2 * length
        return 1, limit - math.min(used + cost, limit), cost > 0 and after or fresh, 0, after, current + cost, previous
    end
    local wait = cost > limit and math.max(fresh, length) or until_room(limit, length, cost, covered, current, previous)
    return 0, limit - math.min(used, limit), fresh, wait
end

-- What is kept of each key, before and after.
local before, after, answer, is_allowed = {}, {}, { now, nanos }, ARGV[1] == '1'
for number, key in ipairs(KEYS) do
    local at = 5 * number - 3
    local algorithm, limit, length, cost = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    if not before[key] then
        before[key] = { read(key, algorithm, tonumber(ARGV[at + 4])) }
        after[key] = before[key]
    end
    local kept = after[key]
    local allowed, remaining, reset, wait, fresh, current, previous = judge[algorithm](limit, length, cost, kept[1], kept[2], kept[3])
    if allowed == 0 then
        is_allowed = false
    elseif cost > 0 then
        after[key] = { fresh, current, previous }
    end
    local from = 4 * number
    answer[from - 1], answer[from], answer[from + 1], answer[from + 2] = allowed, remaining, reset, wait
end
for number, key in ipairs(KEYS) do
    local at, kept = 5 * number - 3, after[key]
    local algorithm = ARGV[at]
    if is_allowed then
        if kept ~= before[key] then
            write(key, algorithm, tonumber(ARGV[at + 4]), kept[1], kept[2], kept[3])
            before[key] = kept
        end
    elseif answer[4 * number - 1] == 1 then
        -- Nothing was counted after all.
        local first = before[key]
        local _, remaining, reset = judge[algorithm](tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), 0, first[1], first[2], first[3])
        answer[4 * number], answer[4 * number + 1] = remaining, reset
    end
end
return answer
