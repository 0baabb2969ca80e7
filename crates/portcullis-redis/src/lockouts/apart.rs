//! Counters whose keys lie in several slots of a cluster: no script reaches them all.
//!
//! A failure is counted one slot after the other. Where a counter is locked, what the slots before it have counted is taken back, a lock
//! that it has brought about included. So nothing is let through that must not be; for milliseconds, an attempt that is refused counts.

use portcullis_limit::{Counted, Standing};

use super::ask;
use super::place::{Failed, Place};
use crate::Redis;
use crate::failure::Failure;
use crate::slot::slots;

/// As [`ask::count`], in as many steps as there are slots.
pub(super) async fn count(redis: &Redis, places: &[Place]) -> Result<Counted, Failure> {
    let slots = slots(places, Place::tag);
    if slots.len() < 2 {
        return ask::count(redis, places).await;
    }
    let mut standings = vec![Standing::default(); places.len()];
    let mut failed = Vec::new();
    let walked = walk(redis, places, &slots, &mut standings, &mut failed).await;
    if matches!(walked, Ok(true)) {
        return Ok(Counted::on_all(standings));
    }
    // What cannot be taken back stays counted: too much, never too little.
    drop(settle(redis, &[], &failed).await);
    walked?;
    look(redis, places).await.map(Counted::refused)
}

/// Counts slot by slot, and says whether none was locked.
async fn walk(
    redis: &Redis,
    places: &[Place],
    slots: &[Vec<usize>],
    standings: &mut [Standing],
    failed: &mut Vec<Failed>,
) -> Result<bool, Failure> {
    for slot in slots {
        let here: Vec<_> = slot.iter().map(|at| places[*at].clone()).collect();
        let counted = ask::count(redis, &here).await?;
        if !counted.is_counted() {
            return Ok(false);
        }
        for (at, (place, standing)) in slot.iter().zip(here.into_iter().zip(counted.standings())) {
            standings[*at] = *standing;
            let mark = standing.mark;
            failed.push(Failed { place, mark });
        }
    }
    Ok(true)
}

/// As [`ask::settle`], slot by slot; goes on where one does not answer.
pub(super) async fn settle(
    redis: &Redis,
    clear: &[Place],
    take_back: &[Failed],
) -> Result<(), Failure> {
    let mut result = Ok(());
    for slot in slots(clear, Place::tag) {
        let here: Vec<_> = slot.iter().map(|at| clear[*at].clone()).collect();
        result = result.and(ask::settle(redis, &here, &[]).await);
    }
    for slot in slots(take_back, |failed| failed.place.tag()) {
        let here: Vec<_> = slot.iter().map(|at| take_back[*at].clone()).collect();
        result = result.and(ask::settle(redis, &[], &here).await);
    }
    result
}

/// As [`ask::look`], slot by slot.
pub(super) async fn look(redis: &Redis, places: &[Place]) -> Result<Vec<Standing>, Failure> {
    let mut standings = vec![Standing::default(); places.len()];
    for slot in slots(places, Place::tag) {
        let here: Vec<_> = slot.iter().map(|at| places[*at].clone()).collect();
        let stand = ask::look(redis, &here).await?;
        for (at, standing) in slot.iter().zip(stand) {
            standings[*at] = standing;
        }
    }
    Ok(standings)
}
