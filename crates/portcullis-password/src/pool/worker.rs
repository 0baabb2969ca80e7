//! One thread of the pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::priority;
use super::queue::Job;
use super::shared::Shared;
use crate::hasher::Scratch;
use crate::{Algorithm, Password};

/// Works until the pool is closed.
pub(super) fn run(shared: &Arc<Shared>, nice: Option<i32>) {
    if nice.is_some_and(priority::lower) {
        shared.lowered.fetch_add(1, Ordering::Relaxed);
    }
    let mut scratch = Scratch::keeping(kept_bytes(shared.hasher.algorithm()));
    warm_up(shared, &mut scratch);
    while let Some(job) = next(shared, &mut scratch) {
        execute(shared, &mut scratch, job);
        shared.queue.finished();
    }
}

/// Only argon2 can work in memory that is given to it.
const fn kept_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Argon2id { .. } => algorithm.memory_bytes(),
        _ => 0,
    }
}

/// Hashes before the first request: the first brings the memory in, the second tells what a hash costs here.
fn warm_up(shared: &Shared, scratch: &mut Scratch) {
    if let Ok(password) = Password::new("") {
        shared.hasher.verify_dummy_in(scratch, &password);
        shared.hasher.verify_dummy_in(scratch, &password);
    }
    scratch.wipe();
}

/// Wipes the memory as soon as nothing waits. While jobs follow one another, each overwrites what the last one left.
fn next(shared: &Shared, scratch: &mut Scratch) -> Option<Job> {
    shared.queue.try_next().or_else(|| {
        scratch.wipe();
        shared.queue.next()
    })
}

/// A panic, which only an importer can cause, ends the job and not the thread; who waits for it is told.
fn execute(shared: &Shared, scratch: &mut Scratch, job: Job) {
    let _greater = shared.greater_memory(job.memory);
    let counter = match catch_unwind(AssertUnwindSafe(|| (job.work)(&shared.hasher, scratch))) {
        Ok(()) => &shared.counters.completed,
        Err(_) => {
            tracing::error!("verifying a stored password hash panicked");
            &shared.counters.panicked
        }
    };
    counter.fetch_add(1, Ordering::Relaxed);
}
