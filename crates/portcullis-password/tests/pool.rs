//! The pool: AC-H3, and what it promises about threads, memory, cancellation and panics.

mod support;

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use portcullis_password::{Bounds, HashError, HashErrorKind, HashPool, Importer, Verification};
use support::{Gate, argon2id, cheap, password};
use tokio::task::{JoinHandle, yield_now};

fn gated(gate: &Gate, threads: usize, queue: usize) -> HashPool {
    let hasher = cheap().importer(gate.clone()).build().unwrap();
    HashPool::builder(hasher)
        .threads(threads)
        .queue(queue)
        .build()
        .unwrap()
}

fn verify(pool: &HashPool, stored: &'static str) -> JoinHandle<Result<Verification, HashError>> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.verify(password("secret"), stored).await })
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hashes_and_verifies_as_the_hasher_does() {
    let pool = HashPool::builder(cheap().build().unwrap())
        .threads(2)
        .build()
        .unwrap();
    let stored = pool.hash(password("secret")).await.unwrap();
    let right = pool
        .verify(password("secret"), stored.as_str())
        .await
        .unwrap();
    assert_eq!(
        right,
        Verification::Match {
            needs_rehash: false
        }
    );
    assert_eq!(
        pool.verify(password("Secret"), stored.as_str()).await,
        Ok(Verification::Mismatch)
    );
    assert_eq!(pool.verify_dummy(password("secret")).await, Ok(()));
    let broken = pool
        .verify(password("secret"), "$argon2id$")
        .await
        .unwrap_err();
    assert_eq!(broken.kind(), HashErrorKind::MalformedHash);
    until(|| pool.stats().running == 0).await;
    assert_eq!(pool.stats().completed, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_h3_a_full_queue_answers_busy_at_once() {
    let gate = Gate::default();
    let pool = gated(&gate, 2, 3);
    let running: Vec<_> = (0..2).map(|_| verify(&pool, "{gate}secret")).collect();
    until(|| gate.visits().begun == 2).await;
    let queued: Vec<_> = (0..3).map(|_| verify(&pool, "{gate}secret")).collect();
    until(|| pool.stats().queued == 3).await;

    for refused in [
        pool.verify(password("secret"), "{gate}secret")
            .await
            .unwrap_err(),
        pool.hash(password("secret")).await.unwrap_err(),
        pool.verify_dummy(password("secret")).await.unwrap_err(),
    ] {
        assert_eq!(refused.kind(), HashErrorKind::Busy);
        let retry_after = refused.retry_after().unwrap();
        assert!(retry_after >= Duration::from_secs(1) && retry_after.subsec_nanos() == 0);
    }
    let stats = pool.stats();
    assert_eq!(
        (stats.threads, stats.running, stats.queued, stats.refused),
        (2, 2, 3, 3)
    );

    gate.open();
    for task in running.into_iter().chain(queued) {
        assert!(task.await.unwrap().unwrap().is_match());
    }
    assert_eq!(gate.visits().most_inside, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_h3_a_cancelled_request_leaves_the_queue_and_costs_no_hash() {
    let gate = Gate::default();
    let pool = gated(&gate, 1, 10);
    let running = verify(&pool, "{gate}secret");
    until(|| gate.visits().begun == 1).await;
    let queued: Vec<_> = (0..10).map(|_| verify(&pool, "{gate}secret")).collect();
    until(|| pool.stats().queued == 10).await;
    assert_eq!(
        pool.hash(password("secret")).await.unwrap_err().kind(),
        HashErrorKind::Busy
    );

    queued.iter().for_each(JoinHandle::abort);
    until(|| pool.stats().queued == 0).await;
    assert_eq!(pool.stats().cancelled, 10);
    let successor = verify(&pool, "{gate}secret");
    until(|| pool.stats().queued == 1).await;

    gate.open();
    assert!(running.await.unwrap().unwrap().is_match());
    assert!(successor.await.unwrap().unwrap().is_match());
    assert_eq!(gate.visits().begun, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_h3_a_request_cancelled_while_it_is_hashed_does_no_harm() {
    let gate = Gate::default();
    let pool = gated(&gate, 1, 1);
    let running = verify(&pool, "{gate}secret");
    until(|| gate.visits().begun == 1).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    gate.open();
    assert!(pool.hash(password("secret")).await.is_ok());
    assert_eq!(pool.stats().cancelled, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_h3_who_would_wait_too_long_is_refused_before() {
    let gate = Gate::default();
    let hasher = cheap().importer(gate.clone()).build().unwrap();
    let pool = HashPool::builder(hasher)
        .threads(1)
        .max_wait(Duration::ZERO)
        .build()
        .unwrap();
    let running = verify(&pool, "{gate}secret");
    until(|| gate.visits().begun == 1).await;
    let refused = pool
        .verify(password("secret"), "{gate}secret")
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), HashErrorKind::Busy);
    gate.open();
    assert!(running.await.unwrap().unwrap().is_match());
}

/// Four threads, and yet the hashes that need a gigabyte go one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ac_h3_stored_hashes_of_great_memory_go_one_at_a_time() {
    let gate = Gate::default();
    let pool = gated(&gate, 4, 64);
    let great: Vec<_> = (0..3).map(|_| verify(&pool, "{gate+}secret")).collect();
    until(|| pool.stats().running == 3).await;
    let ordinary = verify(&pool, "{gate}secret");
    until(|| gate.visits().begun == 2).await; // one great, one ordinary
    gate.open();
    for task in great.into_iter().chain([ordinary]) {
        assert!(task.await.unwrap().unwrap().is_match());
    }
    let visits = gate.visits();
    assert_eq!((visits.most_great_inside, visits.begun), (1, 4));
}

#[test]
fn ac_h3_the_memory_budget_limits_the_threads() {
    let hasher = cheap()
        .with_insecure_algorithm(argon2id(1024, 1))
        .build()
        .unwrap();
    for (budget, threads) in [(3 << 20, 3), (1 << 20, 1), (0, 1), (100 << 20, 8)] {
        let pool = HashPool::builder(hasher.clone())
            .threads(8)
            .memory_budget(budget)
            .build()
            .unwrap();
        assert_eq!(pool.stats().threads, threads, "{budget}");
    }
}

#[derive(Debug)]
struct Panics;

impl Importer for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }
    fn recognises(&self, stored: &str) -> bool {
        stored.starts_with("{panic}")
    }
    fn memory_bytes(&self, _: &str) -> usize {
        0
    }
    fn verify(&self, _: &str, _: &str, _: &Bounds) -> Result<bool, HashError> {
        panic!("as this importer is meant to")
    }
}

#[tokio::test]
async fn a_panicking_importer_costs_its_own_job_only() {
    let pool = HashPool::builder(cheap().importer(Panics).build().unwrap())
        .threads(1)
        .build()
        .unwrap();
    for _ in 0..3 {
        let error = pool
            .verify(password("secret"), "{panic}")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), HashErrorKind::Unavailable);
    }
    assert!(pool.hash(password("secret")).await.is_ok());
    assert_eq!((pool.stats().panicked, pool.stats().threads), (3, 1));
}

/// Dropped with the hasher, when the last thread has ended.
#[derive(Debug)]
struct Witness(Mutex<Sender<()>>);

impl Importer for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }
    fn recognises(&self, _: &str) -> bool {
        false
    }
    fn memory_bytes(&self, _: &str) -> usize {
        0
    }
    fn verify(&self, _: &str, _: &str, _: &Bounds) -> Result<bool, HashError> {
        self.0
            .lock()
            .unwrap()
            .send(())
            .map(|()| false)
            .map_err(|_| HashError::malformed())
    }
}

#[test]
fn the_threads_end_with_the_last_handle() {
    let (sender, receiver): (_, Receiver<()>) = channel();
    let hasher = cheap()
        .importer(Witness(Mutex::new(sender)))
        .build()
        .unwrap();
    let pool = HashPool::builder(hasher).threads(3).build().unwrap();
    let clone = pool.clone();
    drop(pool);
    assert!(block_on(clone.hash(password("secret"))).is_ok());
    drop(clone);
    let ended = receiver.recv_timeout(Duration::from_secs(60)).unwrap_err();
    assert_eq!(ended, std::sync::mpsc::RecvTimeoutError::Disconnected);
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn no_async_runtime_is_needed() {
    let pool = HashPool::builder(cheap().build().unwrap())
        .threads(1)
        .build()
        .unwrap();
    let stored = block_on(pool.hash(password("secret"))).unwrap();
    assert!(
        block_on(pool.verify(password("secret"), stored.into_string()))
            .unwrap()
            .is_match()
    );
}

#[cfg(target_os = "linux")]
mod priority {
    use std::fs;

    use super::{HashPool, block_on, cheap, password};

    /// Name and nice value of every thread of this process (proc(5), fields 2 and 19 of stat).
    fn threads() -> Vec<(String, i32)> {
        let stat = |task: fs::DirEntry| fs::read_to_string(task.path().join("stat")).ok();
        let tasks = fs::read_dir("/proc/self/task")
            .unwrap()
            .filter_map(|task| stat(task.unwrap()));
        tasks.map(|stat| parse(&stat)).collect()
    }

    fn parse(stat: &str) -> (String, i32) {
        let (head, tail) = stat.rsplit_once(") ").unwrap();
        let name = head.split_once('(').unwrap().1.to_owned();
        (name, tail.split(' ').nth(16).unwrap().parse().unwrap())
    }

    #[test]
    fn only_the_pools_own_threads_are_lowered() {
        let before = threads().into_iter().map(|(_, nice)| nice).min().unwrap();
        let pool = HashPool::builder(cheap().build().unwrap())
            .threads(1)
            .nice(13)
            .build()
            .unwrap();
        block_on(pool.hash(password("secret"))).unwrap();
        assert_eq!(pool.stats().threads_at_low_priority, 1);
        let (lowered, others): (Vec<_>, Vec<_>) = threads()
            .into_iter()
            .partition(|(name, nice)| name == "pw-hash-0" && *nice == 13);
        assert_eq!(lowered.len(), 1);
        assert!(
            others
                .iter()
                .any(|(name, nice)| !name.starts_with("pw-hash") && *nice == before)
        );
        let not_ours = others
            .iter()
            .filter(|(name, _)| !name.starts_with("pw-hash"));
        assert!(not_ours.clone().count() > 0);
        not_ours.for_each(|(name, nice)| assert_eq!(*nice, before, "{name}"));
    }

    #[test]
    fn normal_priority_is_left_alone() {
        let pool = HashPool::builder(cheap().build().unwrap())
            .threads(1)
            .normal_priority()
            .build()
            .unwrap();
        block_on(pool.hash(password("secret"))).unwrap();
        assert_eq!(pool.stats().threads_at_low_priority, 0);
    }
}
