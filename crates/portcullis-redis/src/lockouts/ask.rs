//! How the scripts are asked, and what they answer.

use std::sync::LazyLock;
use std::time::Duration;

use portcullis_limit::{Counted, Standing};
use redis::Value;

use super::place::{Failed, Place};
use crate::Redis;
use crate::answer::{integers, small, unsigned};
use crate::failure::Failure;
use crate::script::{Argument, TimedScript};

static COUNT: LazyLock<TimedScript> =
    LazyLock::new(|| TimedScript::new(&[include_str!("run.lua"), include_str!("count.lua")]));

static SETTLE: LazyLock<TimedScript> =
    LazyLock::new(|| TimedScript::new(&[include_str!("run.lua"), include_str!("settle.lua")]));

static LOOK: LazyLock<TimedScript> =
    LazyLock::new(|| TimedScript::new(&[include_str!("run.lua"), include_str!("look.lua")]));

/// Counts one failure on all of these, or on none.
pub(super) async fn count(redis: &Redis, places: &[Place]) -> Result<Counted, Failure> {
    let mut arguments = Vec::with_capacity(4 * places.len());
    for place in places {
        arguments.push(place.attempts.into());
        arguments.extend([place.first_lock, place.longest_lock, place.quiet].map(Argument::Number));
    }
    let keys = keys(places);
    let answer = redis
        .run_now("lockout_count", &COUNT, &keys, &arguments)
        .await?;
    let numbers = integers(&answer, 1 + 4 * places.len())?;
    let standings: Result<Vec<_>, _> = numbers[1..].chunks_exact(4).map(counted).collect();
    match numbers[0] {
        1 => Ok(Counted::on_all(standings?)),
        0 => Ok(Counted::refused(standings?)),
        _ => Err(Failure::Nonsense("neither counted nor refused")),
    }
}

/// Forgets these counters and takes these failures back, in one step.
pub(super) async fn settle(
    redis: &Redis,
    clear: &[Place],
    take_back: &[Failed],
) -> Result<(), Failure> {
    let mut arguments = Vec::with_capacity(1 + 2 * take_back.len());
    arguments.push(Argument::Number(clear.len() as u64));
    for failed in take_back {
        arguments.push(failed.place.attempts.into());
        arguments.push(failed.mark.into());
    }
    let mut all = keys(clear);
    all.extend(take_back.iter().map(|failed| &failed.place.key));
    let answer = redis
        .run_now("lockout_settle", &SETTLE, &all, &arguments)
        .await?;
    match answer {
        Value::Int(1) => Ok(()),
        _ => Err(Failure::Nonsense("not settled")),
    }
}

/// How these stand.
pub(super) async fn look(redis: &Redis, places: &[Place]) -> Result<Vec<Standing>, Failure> {
    let arguments: Vec<Argument> = places.iter().map(|place| place.attempts.into()).collect();
    let keys = keys(places);
    let answer = redis
        .run_now("lockout_look", &LOOK, &keys, &arguments)
        .await?;
    let numbers = integers(&answer, 2 * places.len())?;
    numbers
        .chunks_exact(2)
        .map(|numbers| standing(numbers[0], numbers[1]))
        .collect()
}

fn keys(places: &[Place]) -> Vec<&String> {
    places.iter().map(|place| &place.key).collect()
}

/// Of locked for, failures left, the mark, and whether this has locked it.
fn counted(numbers: &[i64]) -> Result<Standing, Failure> {
    let [locked, left, mark, is_new_lock] = *numbers else {
        return Err(Failure::Nonsense("no standing"));
    };
    Ok(Standing {
        mark: unsigned(mark)?,
        is_new_lock: is_new_lock == 1,
        ..standing(locked, left)?
    })
}

fn standing(locked: i64, left: i64) -> Result<Standing, Failure> {
    let locked_for = match locked {
        -1 => Some(Duration::MAX),
        0 => None,
        micros => Some(Duration::from_micros(unsigned(micros)?)),
    };
    Ok(Standing {
        locked_for,
        remaining: small(left)?,
        ..Standing::default()
    })
}
