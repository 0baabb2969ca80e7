//! State in this process's memory, within fixed bounds.

mod bucket;
mod fingerprint;
mod limiter;
mod lockouts;
mod table;

pub use self::limiter::MemoryLimiter;
pub use self::lockouts::MemoryLockouts;
