-- The logins of one user. KEYS[1]: a hash; its fields are public ids, and its values say where the login is: `L` with the digest of its id and
-- the moment at which it ends however much it is used, or `M` (between two ids) with the moment at which it gives up. Moments are milliseconds
-- since 1970. ARGV[1]: now. ARGV[2]: milliseconds that a key outlives its use.
local now, margin = tonumber(ARGV[1]), tonumber(ARGV[2])

local function is_over(value)
    return tonumber(string.match(value, '(%-?%d+)$')) <= now
end

-- The whole lives as long as the login that ends last.
local function keep_until(moment)
    -- No longer than a row lives: 1000 years, which Redis can still reckon with.
    local wanted, left = math.min(moment - now + margin, 31622400000000), redis.call('PTTL', KEYS[1])
    if wanted > left then
        redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, wanted)))
    end
end
