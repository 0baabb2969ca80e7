//! How the scripts are asked, and what they answer.

use std::sync::LazyLock;
use std::time::Duration;

use portcullis_limit::{Decision, Outcome};
use redis::Value;

use super::asked::{Asked, Counted};
use crate::Redis;
use crate::answer::{integers, small, unsigned};
use crate::failure::Failure;
use crate::script::Script;

static GCRA: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("moment.lua"),
        include_str!("gcra.lua")
    ))
});

static CHECK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("moment.lua"),
        include_str!("state.lua"),
        include_str!("check.lua")
    ))
});

static REFUND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("moment.lua"),
        include_str!("state.lua"),
        include_str!("refund.lua")
    ))
});

/// What a script is told to do with requests.
const COUNT: &str = "1";
const JUDGE: &str = "0";

const NANOS_PER_SECOND: u64 = 1_000_000_000;

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
    let [seconds, nanos, margin] = redis.inner.moments.now();
    let arguments = [
        seconds,
        nanos,
        margin,
        request.length.to_string(),
        request.limit.to_string(),
        request.cost.to_string(),
    ];
    let answer = redis
        .run("limit", &GCRA, &[&request.key], &arguments)
        .await?;
    let numbers = integers(&answer, 6)?;
    let mark = mark(numbers[4], numbers[5])?;
    Ok(Decision::new([outcome(request, &numbers[..4], mark)?]))
}

async fn check_all(redis: &Redis, requests: &[Asked], how: &str) -> Result<Decision, Failure> {
    let mut arguments = redis.inner.moments.now().to_vec();
    arguments.push(how.to_owned());
    for request in requests {
        push(&mut arguments, request);
    }
    let keys: Vec<_> = requests.iter().map(|request| &request.key).collect();
    let answer = redis.run("limit", &CHECK, &keys, &arguments).await?;
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
    take_back(redis, hits, "0").await
}

/// The same, as if the hits had never been: nor has a window that they alone have begun.
pub(super) async fn undo(redis: &Redis, hits: &[Counted]) -> Result<(), Failure> {
    take_back(redis, hits, "1").await
}

async fn take_back(redis: &Redis, hits: &[Counted], how: &str) -> Result<(), Failure> {
    let mut arguments = redis.inner.moments.now().to_vec();
    arguments.push(how.to_owned());
    for Counted { asked, mark } in hits {
        push(&mut arguments, asked);
        arguments.push((mark / NANOS_PER_SECOND).to_string());
        arguments.push((mark % NANOS_PER_SECOND).to_string());
    }
    let keys: Vec<_> = hits.iter().map(|hit| &hit.asked.key).collect();
    let answer = redis.run("refund", &REFUND, &keys, &arguments).await?;
    match answer {
        Value::Int(1) => Ok(()),
        _ => Err(Failure::Nonsense("a refund that is none")),
    }
}

fn push(arguments: &mut Vec<String>, request: &Asked) {
    arguments.push(request.algorithm.to_owned());
    arguments.push(request.limit.to_string());
    arguments.push(request.length.to_string());
    arguments.push(request.cost.to_string());
    arguments.push(request.unit.to_string());
}

/// When it was decided, in nanoseconds: until the year 2554.
fn mark(seconds: i64, nanos: i64) -> Result<u64, Failure> {
    let mark = unsigned(seconds)?.checked_mul(NANOS_PER_SECOND);
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
