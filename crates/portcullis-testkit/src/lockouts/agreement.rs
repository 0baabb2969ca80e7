use std::time::Duration;

use portcullis_limit::{CountedFailure, Counter, LimitKey, LockoutStore, Standing, Steps};

use super::{are_about, count, fresh_key};
use crate::ManualClock;
use crate::random::Random;

/// Feeds two stores the same failures, drawn from this seed, and compares every answer: times to the millisecond.
///
/// Failures are counted on one to three counters at once; some are taken back, sooner or later; some counters are cleared. Both
/// stores must read their time from this clock. Times move in whole milliseconds, so that a store that keeps no finer ones can
/// agree.
///
/// # Panics
///
/// If they disagree; the message names the seed and the step.
pub async fn agreement(
    one: &dyn LockoutStore,
    other: &dyn LockoutStore,
    clock: &ManualClock,
    seed: u64,
    steps: usize,
) {
    let mut random = Random::from_seed(seed);
    let places = places();
    let mut pending = Vec::new();
    for step in 0..steps {
        let place = format!("seed {seed}, step {step}");
        clock.advance(Duration::from_millis(pause(&mut random)));
        let chosen = some_of(&mut random, places.len());
        match random.below(10) {
            0..6 => {
                let failures = count_on_both(one, other, &places, &chosen, &place).await;
                pending.extend(failures);
            }
            6..9 => {
                let cleared = match random.below(4) {
                    0 => &chosen[..],
                    _ => &[],
                };
                let taken = (0..random.below(3)).filter_map(|_| take(&mut random, &mut pending));
                let taken: Vec<Failure> = taken.collect();
                settle(one, &places, cleared, &taken, |failure| failure.marks.0).await;
                settle(other, &places, cleared, &taken, |failure| failure.marks.1).await;
            }
            _ => pending.clear(),
        }
        let all: Vec<_> = (0..places.len()).collect();
        let counters = counters(&places, &all);
        let left = one.look(&counters).await.expect("the store decides");
        let right = other.look(&counters).await.expect("the store decides");
        assert!(agree(&left, &right), "{place}:\n{left:?}\n{right:?}");
    }
}

type Place = (LimitKey, Steps);

/// A failure that both stores have counted, each with its own mark.
struct Failure {
    place: usize,
    marks: (u64, u64),
}

/// Steps of every kind on one key, and some of them on another.
fn places() -> Vec<Place> {
    let (key, other) = (fresh_key(), fresh_key());
    let second = Duration::from_secs(1);
    let soft = Steps::new(3)
        .first_lock(10 * second)
        .longest_lock(45 * second);
    let kinds = [
        soft.clone().forgotten_after(90 * second),
        soft,
        Steps::new(1).forgotten_after(Duration::ZERO),
        Steps::new(2).first_lock(Duration::ZERO),
        Steps::until_unlocked(4).forgotten_after(30 * second),
    ];
    let on_key = kinds.clone().map(|steps| (key.clone(), steps));
    let on_other = kinds
        .into_iter()
        .take(2)
        .map(|steps| (other.clone(), steps));
    on_key.into_iter().chain(on_other).collect()
}

/// Mostly no time or little, at times the length of a lock, at times long enough for all to be forgotten.
fn pause(random: &mut Random) -> u64 {
    match random.below(12) {
        0..4 => 0,
        4..8 => random.below(800),
        8..10 => random.below(12_000),
        10 => 10_000,
        _ => random.below(100_000),
    }
}

/// One to three different numbers below `length`.
fn some_of(random: &mut Random, length: usize) -> Vec<usize> {
    let mut chosen = Vec::new();
    for _ in 0..=random.below(2) {
        let index = random.index(length);
        if !chosen.contains(&index) {
            chosen.push(index);
        }
    }
    chosen
}

fn take(random: &mut Random, pending: &mut Vec<Failure>) -> Option<Failure> {
    match pending.len() {
        0 => None,
        length => Some(pending.swap_remove(random.index(length))),
    }
}

fn counters<'a>(places: &'a [Place], chosen: &[usize]) -> Vec<Counter<'a>> {
    let chosen = chosen.iter().map(|place| &places[*place]);
    chosen.map(|(key, steps)| Counter { key, steps }).collect()
}

async fn count_on_both(
    one: &dyn LockoutStore,
    other: &dyn LockoutStore,
    places: &[Place],
    chosen: &[usize],
    step: &str,
) -> Vec<Failure> {
    let counters = counters(places, chosen);
    let left = count(one, &counters).await;
    let right = count(other, &counters).await;
    assert!(
        left.is_counted() == right.is_counted() && agree(left.standings(), right.standings()),
        "{step}, {counters:?}:\n{left:?}\n{right:?}"
    );
    let marks = left.standings().iter().zip(right.standings());
    let failures = chosen
        .iter()
        .zip(marks)
        .map(|(place, (left, right))| Failure {
            place: *place,
            marks: (left.mark, right.mark),
        });
    failures.filter(|_| left.is_counted()).collect()
}

async fn settle(
    store: &dyn LockoutStore,
    places: &[Place],
    cleared: &[usize],
    taken: &[Failure],
    mark: impl Fn(&Failure) -> u64,
) {
    let taken: Vec<_> = taken
        .iter()
        .map(|failure| CountedFailure {
            counter: counters(places, &[failure.place])[0],
            mark: mark(failure),
        })
        .collect();
    let settled = store.settle(&counters(places, cleared), &taken).await;
    settled.expect("the store settles");
}

fn agree(left: &[Standing], right: &[Standing]) -> bool {
    let mut both = left.iter().zip(right);
    left.len() == right.len()
        && both.all(|(left, right)| {
            are_about(left.locked_for, right.locked_for)
                && left.remaining == right.remaining
                && left.is_new_lock == right.is_new_lock
        })
}
