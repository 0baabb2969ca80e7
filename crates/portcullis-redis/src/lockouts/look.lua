-- How counters stand. KEYS: one for each. ARGV: their attempts.
-- Answers two numbers for each: locked for, and failures left.
local answer = {}
for number, key in ipairs(KEYS) do
    answer[2 * number - 1], answer[2 * number] = standing(tonumber(ARGV[number]), read(key))
end
return answer
