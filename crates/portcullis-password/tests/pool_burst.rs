//! AC-H3 under a burst, alone in its process, because it measures the process's memory.

mod support;

use std::sync::Arc;

use portcullis_password::{HashErrorKind, HashPool, PasswordHasher};
use support::{argon2id, password};
use tokio::sync::Barrier;

const MEMORY_KIB: u32 = 4096;
const REQUESTS: usize = 1000;
const THREADS: usize = 2;
/// Stacks, tasks, the allocator. A thousand hashes at once would take 4 GiB, forty of them 160 MiB.
const SLACK_KIB: u64 = 48 * 1024;

/// Kilobytes of the field in /proc/self/status.
#[cfg(target_os = "linux")]
fn memory_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What is not measured elsewhere cannot fail there.
#[cfg(not(target_os = "linux"))]
fn memory_kib(_field: &str) -> u64 {
    0
}

/// All at once: how many matched and how many were refused.
async fn burst(pool: &HashPool, stored: &str) -> (usize, usize) {
    let start = Arc::new(Barrier::new(REQUESTS));
    let tasks: Vec<_> = (0..REQUESTS)
        .map(|_| {
            let (pool, stored, start) = (pool.clone(), stored.to_owned(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                pool.verify(password("secret"), stored).await
            })
        })
        .collect();
    let (mut matched, mut refused) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(verification) => matched += usize::from(verification.is_match()),
            Err(error) => refused += usize::from(error.kind() == HashErrorKind::Busy),
        }
    }
    (matched, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_h3_a_thousand_parallel_logins_stay_within_the_memory_of_the_threads() {
    let hasher = PasswordHasher::builder()
        .with_insecure_algorithm(argon2id(MEMORY_KIB, 1))
        .build()
        .unwrap();
    let before = memory_kib("VmRSS");
    let patient = HashPool::builder(hasher.clone())
        .threads(THREADS)
        .queue(REQUESTS)
        .build()
        .unwrap();
    let stored = patient.hash(password("secret")).await.unwrap();
    assert_eq!(burst(&patient, stored.as_str()).await, (REQUESTS, 0));

    let bounded = HashPool::builder(hasher)
        .threads(THREADS)
        .queue(64)
        .build()
        .unwrap();
    let (matched, refused) = burst(&bounded, stored.as_str()).await;
    assert_eq!(matched + refused, REQUESTS);
    assert!(
        matched >= 64,
        "{matched} of those that had a place were answered"
    );
    assert_eq!(bounded.stats().refused, refused as u64);

    let two_pools = 2 * THREADS as u64 * u64::from(MEMORY_KIB);
    let grown = memory_kib("VmHWM").saturating_sub(before);
    assert!(grown <= two_pools + SLACK_KIB, "grown by {grown} KiB");
}
