//! What a pool is doing.

use std::time::Duration;

/// A snapshot of a pool. Counters only grow; they are read one by one, so a snapshot under load may be off by a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Threads that hash.
    pub threads: usize,
    /// How many of them run at lowered priority.
    pub threads_at_low_priority: usize,
    /// Jobs that wait.
    pub queued: usize,
    /// Jobs that are being worked on.
    pub running: usize,
    /// Jobs that were finished.
    pub completed: u64,
    /// Jobs that left the queue because nobody waited for them any more.
    pub cancelled: u64,
    /// Jobs that were refused as busy.
    pub refused: u64,
    /// Jobs that ended in a panic of an importer.
    pub panicked: u64,
    /// The processor time of one hash with the current parameters; zero until there was one.
    pub usual_cost: Duration,
}
