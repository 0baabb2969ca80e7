-- When it is, by the caller's clock, which tells it in the last three arguments.
local now, nanos, margin = tonumber(ARGV[#ARGV - 2]), tonumber(ARGV[#ARGV - 1]), tonumber(ARGV[#ARGV])
