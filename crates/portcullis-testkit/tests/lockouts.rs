//! The suite itself: it passes on the store in memory, and a store that breaks one rule does not pass it.
#![cfg(feature = "limit")]

use std::sync::Arc;

use portcullis_limit::{
    Answer, Counted, CountedFailure, Counter, LockoutStore, MemoryLockouts, Standing,
};
use portcullis_testkit::{ManualClock, lockouts};

/// What a store may get wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    CountsEachOnItsOwn,
    LooksByCounting,
    ClearsNothing,
    TakesNothingBack,
    TakesBackByClearing,
    ForgetsMarks,
    TellsEachTime,
    OtherOrder,
    LetsThroughAtFirst,
}

#[derive(Debug)]
struct Faulty {
    fault: Fault,
    store: MemoryLockouts,
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn count_alone(&self, counter: &Counter<'_>) -> Counted {
        match self.store.count(&[*counter]) {
            Answer::Ready(counted) => counted.unwrap(),
            Answer::Pending(_) => unreachable!("it is in memory"),
        }
    }

    fn changed(&self, counted: &Counted) -> Counted {
        let mut standings: Vec<Standing> = counted.standings().to_vec();
        for standing in &mut standings {
            if self.has(Fault::ForgetsMarks) {
                standing.mark = 0;
            }
            if self.has(Fault::TellsEachTime) {
                standing.is_new_lock |= standing.locked_for.is_some();
            }
        }
        if self.has(Fault::OtherOrder) {
            standings.reverse();
        }
        match counted.is_counted() {
            true => Counted::on_all(standings),
            false => Counted::refused(standings),
        }
    }
}

impl LockoutStore for Faulty {
    fn count(&self, counters: &[Counter<'_>]) -> Answer<Counted> {
        if self.has(Fault::CountsEachOnItsOwn) {
            let each: Vec<_> = counters.iter().map(|one| self.count_alone(one)).collect();
            let standings: Vec<_> = each.iter().map(|one| one.standings()[0]).collect();
            let counted = match each.iter().all(Counted::is_counted) {
                true => Counted::on_all(standings),
                false => Counted::refused(standings),
            };
            return Answer::Ready(Ok(counted));
        }
        let Answer::Ready(Ok(counted)) = self.store.count(counters) else {
            unreachable!("it is in memory");
        };
        let is_late = self.has(Fault::LetsThroughAtFirst) && !counted.is_counted();
        if is_late && counted.standings()[0].locked_for == Some(std::time::Duration::from_secs(60))
        {
            return Answer::Ready(Ok(Counted::on_all(counted.standings().to_vec())));
        }
        Answer::Ready(Ok(self.changed(&counted)))
    }

    fn settle(&self, clear: &[Counter<'_>], take_back: &[CountedFailure<'_>]) -> Answer<()> {
        let clear = match self.fault {
            Fault::ClearsNothing => Vec::new(),
            Fault::TakesBackByClearing => {
                let failed = take_back.iter().map(|failure| failure.counter);
                clear.iter().copied().chain(failed).collect()
            }
            _ => clear.to_vec(),
        };
        let take_back = match self.has(Fault::TakesNothingBack) {
            true => &[],
            false => take_back,
        };
        self.store.settle(&clear, take_back)
    }

    fn look(&self, counters: &[Counter<'_>]) -> Answer<Vec<Standing>> {
        if self.has(Fault::LooksByCounting) {
            drop(self.store.count(counters));
        }
        self.store.look(counters)
    }
}

async fn passes(fault: Fault) -> bool {
    let clock = ManualClock::new();
    let store = MemoryLockouts::new().with_clock(clock.shared());
    let suite = async move { lockouts::conformance(Faulty { fault, store }, &clock).await };
    tokio::spawn(suite).await.is_ok()
}

/// AC-L1, AC-L4, AC-L5, AC-L6, AC-L7.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_without_a_fault_passes() {
    assert!(passes(Fault::None).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_with_any_fault_does_not() {
    let faults = [
        Fault::CountsEachOnItsOwn,
        Fault::LooksByCounting,
        Fault::ClearsNothing,
        Fault::TakesNothingBack,
        Fault::TakesBackByClearing,
        Fault::ForgetsMarks,
        Fault::TellsEachTime,
        Fault::OtherOrder,
        Fault::LetsThroughAtFirst,
    ];
    for fault in faults {
        assert!(!passes(fault).await, "{fault:?} is not noticed");
    }
}

/// A table of a single segment answers as one with room to spare, as long as it holds the keys.
#[tokio::test]
async fn stores_agree_whatever_their_size() {
    let clock = ManualClock::new();
    for seed in [1, 0xdead_beef, 0x5eed_0000_0000_0007] {
        let large = MemoryLockouts::new().with_clock(clock.shared());
        let small = Arc::new(large.clone().with_memory_bound(0));
        lockouts::agreement(&large, &small, &clock, seed, 5000).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disagreement_is_noticed() {
    for fault in [Fault::TakesNothingBack, Fault::CountsEachOnItsOwn] {
        let clock = ManualClock::new();
        let memory = MemoryLockouts::new().with_clock(clock.shared());
        let store = memory.clone().with_clock(clock.shared());
        let faulty = Faulty { fault, store };
        let compared = tokio::spawn(async move {
            lockouts::agreement(&memory, &faulty, &clock, 7, 5000).await;
        });
        assert!(compared.await.is_err(), "{fault:?} is not noticed");
    }
}
