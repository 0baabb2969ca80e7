-- How counters stand. KEYS: one for each. ARGV, from the fourth on: their attempts.
-- Answers two numbers for each: locked for, and failures left.
local answer = {}
for number, key in ipairs(KEYS) do
    local locked, left = standing(read(key), tonumber(ARGV[3 + number]))
    answer[#answer + 1] = locked
    answer[#answer + 1] = left
end
return answer
