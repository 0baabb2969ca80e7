-- Counts one failure on all counters; on none, if any of them is locked. KEYS: one for each. ARGV, from the fourth on, four for each:
-- attempts of a round, the first lock, the longest lock, and the quiet after which a run is forgotten, in microseconds.
-- Answers whether it was counted, then four numbers for each: locked for, failures left, the mark, and whether this has locked it.
local function later(by)
    return math.min(now + by, NEVER)
end

-- As long as the first, doubled for each lock before; from the thirty-third on the longest.
local function lock(first, longest, round)
    if round > 32 then
        return longest
    end
    return math.min(first * 2 ^ (round - 1), longest)
end

local function fail(run, attempts, first, longest, quiet)
    local after = { failures = 1, locks = 0, open = now }
    if run then
        after = { failures = run.failures + 1, locks = run.locks, open = run.open }
    end
    if after.failures >= attempts then
        after.failures, after.locks = 0, after.locks + 1
        after.open = later(lock(first, longest, after.locks))
    end
    after.forgotten = math.min(math.max(now, after.open) + quiet, NEVER)
    return after
end

local before, runs, answer, is_counted = {}, {}, { 1 }, true
for number, key in ipairs(KEYS) do
    if before[key] == nil then
        before[key] = read(key) or false
        runs[key] = before[key]
    end
    local at = 4 * number
    local attempts = tonumber(ARGV[at])
    local locked, left, mark, is_new = nil, nil, 0, 0
    if runs[key] and runs[key].open > now then
        is_counted = false
    else
        local first, longest, quiet = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
        runs[key] = fail(runs[key], attempts, first, longest, quiet)
        mark = 2 * now
        if runs[key].open > now then
            mark, is_new = 2 * runs[key].open + 1, 1
        end
    end
    locked, left = standing(runs[key], attempts)
    for _, part in ipairs({ locked, left, mark, is_new }) do
        answer[#answer + 1] = part
    end
end
for number, key in ipairs(KEYS) do
    local at = 4 * number
    if is_counted then
        if runs[key] ~= before[key] then
            write(key, runs[key])
            before[key] = runs[key]
        end
    elseif answer[at - 2] == 0 or answer[at + 1] == 1 then
        -- Nothing was counted after all.
        answer[at - 2], answer[at - 1] = standing(before[key], tonumber(ARGV[at]))
        answer[at], answer[at + 1] = 0, 0
    end
end
if not is_counted then
    answer[1] = 0
end
return answer
