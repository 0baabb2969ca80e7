//! State in this process's memory, within fixed bounds.

mod bucket;
mod directory;
mod fingerprint;
mod limiter;
mod locked;
mod lockouts;
mod table;

pub use self::limiter::MemoryLimiter;
pub use self::lockouts::MemoryLockouts;
