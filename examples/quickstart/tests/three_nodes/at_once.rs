//! Several who ask at the same moment.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::http::Answer;
use crate::world::NODES;

/// Asks each node so many times, all at once.
pub(crate) fn at_once(each: usize, ask: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let (count, ask) = (each * NODES, &ask);
    let barrier = Barrier::new(count);
    thread::scope(|scope| {
        let asking = |number: usize| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                ask(number % NODES)
            })
        };
        let asking: Vec<_> = (0..count).map(asking).collect();
        let answers = asking.into_iter().map(|asked| asked.join().unwrap());
        answers.collect()
    })
}

/// One has it, and all others are refused so; what the one got.
#[track_caller]
pub(crate) fn one_wins(answers: Vec<Answer>, refusal: (u16, &[&str])) -> Answer {
    let (mut won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1, "{won:?} {lost:?}");
    for answer in lost {
        let code = answer.body["code"].as_str().unwrap_or_default();
        let is_right = answer.status == refusal.0 && refusal.1.contains(&code);
        assert!(is_right, "{answer:?}");
    }
    won.remove(0)
}

/// Does something while somebody else is busy until it is done: also where it fails, so that nobody is busy for ever.
pub(crate) fn meanwhile<T>(done: &AtomicBool, does: impl FnOnce() -> T) -> T {
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let _done = Done(done);
    does()
}
