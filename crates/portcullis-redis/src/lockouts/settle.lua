-- Forgets counters, then takes failures back. ARGV[4]: how many of the first KEYS are forgotten. ARGV, from the fifth on, two for each of the
-- other keys: attempts of a round, and the mark of the failure.
local cleared = tonumber(ARGV[4])
for number, key in ipairs(KEYS) do
    if number <= cleared then
        redis.call('DEL', key)
    else
        local at = 3 + 2 * (number - cleared)
        local attempts, mark = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
        local run = read(key)
        if run and mark % 2 == 1 then
            -- It has locked: what was before that lock is back, unless another one has come since.
            if mark == 2 * run.open + 1 then
                run.open, run.failures, run.locks = 0, attempts - 1, math.max(0, run.locks - 1)
                write(key, run)
            end
        elseif run and mark / 2 >= run.open then
            run.failures = math.max(0, run.failures - 1)
            write(key, run)
        end
    end
end
return 1
