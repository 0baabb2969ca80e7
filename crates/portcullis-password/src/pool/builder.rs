//! Configuring a pool.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::shared::Shared;
use super::{HashPool, Owner, worker};
use crate::PasswordHasher;

const DEFAULT_QUEUE: usize = 64;
const DEFAULT_MEMORY: usize = 256 * 1024 * 1024;
const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(10);
const DEFAULT_NICE: i32 = 10;

/// Configures a [`HashPool`].
#[derive(Debug)]
#[must_use]
pub struct HashPoolBuilder {
    hasher: PasswordHasher,
    threads: Option<usize>,
    queue: usize,
    memory: usize,
    max_wait: Duration,
    nice: Option<i32>,
}

impl HashPoolBuilder {
    pub(super) fn new(hasher: PasswordHasher) -> Self {
        Self {
            hasher,
            threads: None,
            queue: DEFAULT_QUEUE,
            memory: DEFAULT_MEMORY,
            max_wait: DEFAULT_MAX_WAIT,
            nice: Some(DEFAULT_NICE),
        }
    }

    /// How many threads hash. Default: one a core, but no more than the memory budget holds; at least one.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// How many jobs may wait. Default 64; at least one.
    pub fn queue(mut self, places: usize) -> Self {
        self.queue = places.max(1);
        self
    }

    /// The bytes that all threads together may take for hashes with the current parameters. Default 256 MiB, which is 13
    /// threads at 19 MiB. Limits the number of threads, never below one.
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// The longest wait in the queue: who would wait longer is refused as busy. Default 10 s. The wait is reckoned from what
    /// a hash costs on this machine.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// The threads' nice value, 0 to 19, on Linux. Default 10, which leaves them about a tenth of a core that is wanted
    /// elsewhere too. On other systems priorities are left alone.
    pub fn nice(mut self, nice: u8) -> Self {
        self.nice = Some(i32::from(nice.min(19)));
        self
    }

    /// Leaves the threads at the priority of the thread that builds the pool.
    pub fn normal_priority(mut self) -> Self {
        self.nice = None;
        self
    }

    /// Starts the threads. Each hashes twice at once, to bring its memory in and to measure.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn build(self) -> io::Result<HashPool> {
        let threads = self.thread_count();
        let shared = Arc::new(Shared::new(self.hasher, threads, self.queue, self.max_wait));
        let pool = HashPool(Arc::new(Owner(Arc::clone(&shared))));
        for index in 0..threads {
            let (shared, nice) = (Arc::clone(&shared), self.nice);
            thread::Builder::new()
                .name(format!("pw-hash-{index}"))
                .spawn(move || worker::run(&shared, nice))?;
        }
        Ok(pool)
    }

    fn thread_count(&self) -> usize {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let affordable = self.memory / self.hasher.algorithm().memory_bytes().max(1);
        self.threads.unwrap_or(cores).min(affordable).max(1)
    }
}
