-- Counts one failure on all counters; on none, if any of them is locked. KEYS: one for each. ARGV, four for each:
-- attempts of a round, the first lock, the longest lock, and the quiet after which a run is forgotten, in microseconds.
-- Answers whether it was counted, then four numbers for each: locked for, failures left, the mark, and whether this has locked it.

-- As long as the first, doubled for each lock before; from the thirty-third on the longest.
local function lock(first, longest, round)
    if round > 32 then
        return longest
    end
    return math.min(first * 2 ^ (round - 1), longest)
end

local function fail(attempts, first, longest, quiet, run)
    local open, failures, locks = now, 1, 0
    if run[1] > now then
        open, failures, locks = run[2], run[3] + 1, run[4]
    end
    if failures >= attempts then
        failures, locks = 0, locks + 1
        open = math.min(now + lock(first, longest, locks), NEVER)
    end
    return { math.min(math.max(now, open) + quiet, NEVER), open, failures, locks }
end

local before, after, answer, is_counted = {}, {}, { 1 }, true
for number, key in ipairs(KEYS) do
    local at, run = 4 * number, after[key]
    if not run then
        run = { read(key) }
        before[key], after[key] = run, run
    end
    local attempts, mark, is_new = tonumber(ARGV[at - 3]), 0, 0
    if run[2] > now then
        is_counted = false
    else
        run = fail(attempts, tonumber(ARGV[at - 2]), tonumber(ARGV[at - 1]), tonumber(ARGV[at]), run)
        after[key] = run
        mark = 2 * now
        if run[2] > now then
            mark, is_new = 2 * run[2] + 1, 1
        end
    end
    answer[at - 2], answer[at - 1] = standing(attempts, run[1], run[2], run[3])
    answer[at], answer[at + 1] = mark, is_new
end
for number, key in ipairs(KEYS) do
    local at, run = 4 * number, after[key]
    if is_counted then
        if run ~= before[key] then
            write(key, run[1], run[2], run[3], run[4])
            before[key] = run
        end
    elseif answer[at] > 0 then
        -- Nothing was counted after all.
        run = before[key]
        answer[at - 2], answer[at - 1] = standing(tonumber(ARGV[at - 3]), run[1], run[2], run[3])
        answer[at], answer[at + 1] = 0, 0
    end
end
if not is_counted then
    answer[1] = 0
end
return answer
