-- When it is: `now`, in whole microseconds since 1970, and nanoseconds beyond, which Redis' clock does not tell. A key outlives its use by `margin`, in milliseconds.
local time = redis.call('TIME')
local now, nanos, margin = time[1] * 1000000 + time[2], 0, 1000
