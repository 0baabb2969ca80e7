//! How the scripts are asked, and what they answer.

use std::sync::LazyLock;
use std::time::Duration;

use portcullis_limit::{Decision, Outcome};
use redis::Value;

use super::asked::{Asked, Counted};
use super::bucket::{Bucket, NEVER};
use crate::Redis;
use crate::answer::{integers, small, three, unsigned};
use crate::failure::Failure;
use crate::script::{Argument, TimedScript};

static GCRA: LazyLock<TimedScript> =
    LazyLock::new(|| TimedScript::new(&[include_str!("gcra.lua")]));

static CHECK: LazyLock<TimedScript> =
    LazyLock::new(|| TimedScript::new(&[include_str!("state.lua"), include_str!("check.lua")]));

static REFUND: LazyLock<TimedScript> =
    LazyLock::new(|| TimedScript::new(&[include_str!("state.lua"), include_str!("refund.lua")]));

/// What a script is told to do with requests.
const COUNT: Argument = Argument::Text("1");
const JUDGE: Argument = Argument::Text("0");

/// What becomes of a window that hits have begun when they are taken back.
const GOES_ON: Argument = Argument::Text("0");
const NEVER_BEGAN: Argument = Argument::Text("1");

const NANOS_PER_MICRO: u64 = 1000;

/// Counts these requests if all have room: one step, whose keys must lie in one slot.
pub(super) async fn check(redis: &Redis, requests: &[Asked]) -> Result<Decision, Failure> {
    match requests {
        [request] if request.is_plain() => check_gcra(redis, request).await,
        requests => check_all(redis, requests, COUNT).await,
    }
}

/// What [`check`] would have come to, if another request had not been refused already: counts nothing.
pub(super) async fn judge(redis: &Redis, requests: &[Asked]) -> Result<Decision, Failure> {
    check_all(redis, requests, JUDGE).await
}

async fn check_gcra(redis: &Redis, request: &Asked) -> Result<Decision, Failure> {
    let bucket = Bucket::of(request);
    let latest = bucket.latest_arrival();
    let arguments = [
        latest.map_or(NEVER, Argument::Number),
        bucket.weight().into(),
    ];
    let keys = [&request.key];
    let answer = redis.run_now("limit", &GCRA, &keys, &arguments).await?;
    let [arrival, micros, nanos] = three(&answer)?;
    let mark = mark(micros, nanos)?;
    let outcome = bucket.outcome(unsigned(arrival)?, mark)?;
    Ok(Decision::new([outcome]))
}

async fn check_all(redis: &Redis, requests: &[Asked], how: Argument) -> Result<Decision, Failure> {
    let mut arguments = Vec::with_capacity(1 + 5 * requests.len());
    arguments.push(how);
    for request in requests {
        arguments.extend([
            Argument::Text(request.algorithm),
            request.limit.into(),
            request.length.into(),
            request.cost.into(),
            request.units_in_a_micro().into(),
        ]);
    }
    let keys: Vec<_> = requests.iter().map(|request| &request.key).collect();
    let answer = redis.run_now("limit", &CHECK, &keys, &arguments).await?;
    let numbers = integers(&answer, 2 + 4 * requests.len())?;
    let mark = mark(numbers[0], numbers[1])?;
    let each = requests.iter().zip(numbers[2..].chunks_exact(4));
    let outcomes: Result<Vec<_>, _> = each
        .map(|(request, numbers)| outcome(request, numbers, mark))
        .collect();
    Ok(Decision::new(outcomes?))
}

/// Takes these hits back, in one step. A window that they have begun goes on, as it does in memory.
pub(super) async fn refund(redis: &Redis, hits: &[Counted]) -> Result<(), Failure> {
    take_back(redis, hits, GOES_ON).await
}

/// The same, as if the hits had never been: nor has a window that they alone have begun.
pub(super) async fn undo(redis: &Redis, hits: &[Counted]) -> Result<(), Failure> {
    take_back(redis, hits, NEVER_BEGAN).await
}

async fn take_back(redis: &Redis, hits: &[Counted], how: Argument) -> Result<(), Failure> {
    let mut arguments = Vec::with_capacity(1 + 6 * hits.len());
    arguments.push(how);
    for Counted { asked, mark } in hits {
        arguments.extend([
            Argument::Text(asked.algorithm),
            asked.length.into(),
            asked.cost.into(),
            asked.units_in_a_micro().into(),
            (mark / NANOS_PER_MICRO).into(),
            // Nothing, where a microsecond is the unit.
            (mark % NANOS_PER_MICRO / asked.unit).into(),
        ]);
    }
    let keys: Vec<_> = hits.iter().map(|hit| &hit.asked.key).collect();
    let answer = redis.run_now("refund", &REFUND, &keys, &arguments).await?;
    match answer {
        Value::Int(1) => Ok(()),
        _ => Err(Failure::Nonsense("a refund that is none")),
    }
}

/// When it was decided, in nanoseconds: until the year 2554.
fn mark(micros: i64, nanos: i64) -> Result<u64, Failure> {
    let mark = unsigned(micros)?.checked_mul(NANOS_PER_MICRO);
    let mark = mark.and_then(|mark| mark.checked_add(u64::try_from(nanos).ok()?));
    mark.ok_or(Failure::Nonsense("a time out of range"))
}

/// Of allowed, remaining, reset and retry after.
fn outcome(request: &Asked, numbers: &[i64], mark: u64) -> Result<Outcome, Failure> {
    let [allowed, remaining, reset, wait] = *numbers else {
        return Err(Failure::Nonsense("no outcome"));
    };
    let (limit, remaining) = (request.limit, small(remaining)?);
    let time = |units| Ok::<_, Failure>(unsigned(units)?.saturating_mul(request.unit));
    let reset = Duration::from_nanos(time(reset)?);
    match allowed {
        1 => Ok(Outcome::allowed(limit, remaining, reset, mark)),
        0 => {
            let wait = Duration::from_nanos(time(wait)?);
            Ok(Outcome::refused(limit, remaining, reset, wait))
        }
        _ => Err(Failure::Nonsense("neither allowed nor refused")),
    }
}
