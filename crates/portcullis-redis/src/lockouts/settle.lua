-- Forgets counters, then takes failures back. ARGV[1]: how many of the first KEYS are forgotten. ARGV, from the second on, two for each of the
-- other keys: attempts of a round, and the mark of the failure.
local cleared = tonumber(ARGV[1])
for number, key in ipairs(KEYS) do
    if number <= cleared then
        redis.call('DEL', key)
    else
        local at = 2 * (number - cleared)
        local attempts, mark = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
        local forgotten, open, failures, locks = read(key)
        if forgotten > 0 and mark % 2 == 1 then
            -- It has locked: what was before that lock is back, unless another one has come since.
            if mark == 2 * open + 1 then
                write(key, forgotten, 0, attempts - 1, math.max(0, locks - 1))
            end
        elseif forgotten > 0 and mark / 2 >= open then
            write(key, forgotten, open, math.max(0, failures - 1), locks)
        end
    end
end
return 1
