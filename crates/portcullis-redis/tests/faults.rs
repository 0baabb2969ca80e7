//! What the tests of the scripts are worth: with any of these faults in them, they fail (AC-T1, AC-L1, AC-L5).

mod faulty;
mod nodes;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_limit::{
    Algorithm, CountedFailure, Counter, LimitKey, LimitRequest, Limiter, LockoutStore,
    MemoryLimiter, MemoryLockouts, Quota, Steps,
};
use portcullis_redis::{RedisLimiter, RedisLockouts};
use portcullis_testkit::redis::Server;
use portcullis_testkit::{ManualClock, limiter, lockouts};
use tokio::task::JoinSet;

use self::faulty::{Fault, FaultyLine};
use self::nodes::{fresh_prefix, server};

const NONE: Fault = Fault("redis.call", "redis.call");

const OF_LIMITS: &[Fault] = &[
    // When it is.
    Fault(
        "time[1] * 1000000 + time[2], 0",
        "1700000000000000, 0 * time[1]",
    ),
    Fault("= tonumber(ARGV[#ARGV - 2])", "= 1700000000000000"),
    // How long a key lives.
    Fault(", 'PXAT', string.format('%d', expires)", ""),
    Fault("after / 1000000", "after / 1000000000"),
    Fault("after / 1000000", "after / 1000"),
    Fault("fresh / (1000 * units)", "fresh / (1000000 * units)"),
    Fault("+ margin", "- 900000 + 0 * margin"),
    // GCRA, alone.
    Fault(
        "arrival <= tonumber(ARGV[1])",
        "arrival < tonumber(ARGV[1])",
    ),
    Fault("arrival <= tonumber(ARGV[1])", "true"),
    Fault("and ARGV[2] ~= '0'", "and false"),
    Fault("if arrival < 0 then", "if false then"),
    Fault("arrival = (at", "arrival = 0 * (at"),
    Fault("arrival + ARGV[2]", "0 + ARGV[2]"),
    Fault("return { arrival, now", "return { 0, now"),
    Fault("#stored ~= 16", "false"),
    // All algorithms, together.
    Fault("is_allowed = false", "is_allowed = is_allowed"),
    Fault("if is_allowed then", "if true then"),
    Fault("answer[4 * number - 1] == 1 then", "false then"),
    Fault("elseif cost > 0 then", "else"),
    Fault("local kept = after[key]", "local kept = before[key]"),
    Fault("if not before[key] then", "if true then"),
    Fault("if after <= capacity then", "if after < capacity then"),
    Fault(
        "if after <= capacity then",
        "if after <= capacity + emission then",
    ),
    Fault("if total <= limit then", "if total < limit then"),
    Fault("if total <= limit then", "if true then"),
    Fault("used + cost <= limit or", "used + cost < limit or"),
    Fault("used = used + share", "used = used + 0 * share"),
    Fault("math.ceil(a * b / c)", "math.floor(a * b / c)"),
    Fault(
        "return begin + length, 0, current",
        "return begin + length, 0, previous",
    ),
    Fault(
        "return begin + length, 0, current",
        "return begin, current, previous",
    ),
    Fault("if room >= 0 then", "if true then"),
    Fault("or struct.pack('<dddd'", "or struct.pack('<dd'"),
    Fault("#stored == 32", "true"),
    // What is taken back.
    Fault(
        "write(key, algorithm, units, fresh, current, previous)\n    end\nend",
        "end\nend",
    ),
    Fault("emission * cost + counted", "emission * cost"),
    Fault("emission * cost + counted", "0"),
    Fault("if counted >= fresh - length then", "if true then"),
    Fault("if counted >= fresh - length then", "if false then"),
    Fault("if counted >= begin then", "if true then"),
    Fault("elseif counted >= begin - length then", "elseif true then"),
    Fault("elseif counted >= begin - length then", "elseif false then"),
];

const OF_LOCKOUTS: &[Fault] = &[
    Fault("is_counted = false", "is_counted = is_counted"),
    Fault(
        "if run[2] > now then\n        is_counted",
        "if false then\n        is_counted",
    ),
    Fault("if is_counted then", "if true then"),
    Fault("elseif answer[at] > 0 then", "elseif false then"),
    Fault(
        "local at, run = 4 * number, after[key]\n    if not run",
        "local at, run = 4 * number\n    if not run",
    ),
    Fault("run[3] + 1, run[4]", "1, run[4]"),
    Fault("run[3] + 1, run[4]", "run[3] + 1, 0"),
    Fault("failures >= attempts", "failures > attempts"),
    Fault("failures, locks = 0, locks + 1", "locks = locks + 1"),
    Fault("failures, locks = 0, locks + 1", "failures = 0"),
    Fault("2 ^ (round - 1)", "2 ^ round"),
    Fault("2 ^ (round - 1), longest", "2 ^ (round - 1), NEVER"),
    Fault("math.min(now + lock", "math.min(lock"),
    Fault("math.max(now, open) + quiet", "now + quiet"),
    Fault("mark, is_new = 2 * run[2] + 1, 1", "is_new = 1"),
    Fault("mark, is_new = 2 * run[2] + 1, 1", "mark = 2 * run[2] + 1"),
    Fault(
        "forgotten <= now then\n        return",
        "false then\n        return",
    ),
    Fault("#stored ~= 32", "false"),
    Fault("redis.call('DEL', key)\n    else", "else"),
    Fault("mark == 2 * open + 1", "true"),
    Fault("mark == 2 * open + 1", "false"),
    Fault("mark / 2 >= open", "true"),
    Fault("mark / 2 >= open", "false"),
    Fault(
        "0, attempts - 1, math.max(0, locks - 1)",
        "0, 0, math.max(0, locks - 1)",
    ),
    Fault(
        "0, attempts - 1, math.max(0, locks - 1)",
        "0, attempts - 1, locks",
    ),
    Fault("math.max(0, failures - 1)", "failures"),
    Fault("if open == NEVER then", "if false then"),
    Fault("math.max(0, attempts - failures)", "attempts"),
    Fault(
        ", 'PXAT', string.format('%d', math.ceil(forgotten / 1000) + margin)",
        "",
    ),
    Fault("math.ceil(forgotten / 1000)", "math.ceil(open / 1000)"),
    Fault("elseif forgotten == NEVER then", "elseif true then"),
    Fault(
        "time[1] * 1000000 + time[2], 0",
        "1700000000000000, 0 * time[1]",
    ),
];

/// Panics where the limiter is not what it should be.
async fn limits_hold(server: Arc<Server>, line: Arc<FaultyLine>) {
    let clock = ManualClock::new();
    let connect = async || {
        let builder = line.builder(&fresh_prefix());
        let builder = builder.with_insecure_clock_of_the_caller(clock.shared());
        RedisLimiter::new(&builder.connect().await.unwrap()).without_local_refusals()
    };
    let memory = MemoryLimiter::new().with_clock(clock.shared());
    limiter::agreement(&memory, &connect().await, &clock, 3, 400).await;
    limiter::conformance(connect().await, &clock).await;
    late_refunds_agree(&memory, &connect().await, &clock).await;
    let prefix = fresh_prefix();
    let redis = line.builder(&prefix).connect().await.unwrap();
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    limits_expire(&server, &limiter, &prefix).await;
    limits_are_no_other_values(&server, &limiter, &prefix).await;
}

/// Of hits in this window, in the former one, and in windows that nobody remembers.
async fn late_refunds_agree(memory: &MemoryLimiter, redis: &RedisLimiter, clock: &ManualClock) {
    let (key, second) = (LimitKey::from("late"), Duration::from_secs(1));
    let gcra = Quota::per_second(8);
    let quotas = [
        gcra.clone(),
        gcra.clone().algorithm(Algorithm::SlidingWindow),
        gcra.algorithm(Algorithm::FixedWindow),
    ];
    for (quota, steps_later) in quotas
        .iter()
        .flat_map(|quota| [2, 4, 9].map(|late| (quota, late)))
    {
        clock.advance(10 * second);
        let request = [LimitRequest::new(&key, quota)];
        let mut hits = VecDeque::new();
        for _ in 0..30 {
            clock.advance(second * 3 / 10);
            let left = memory.check(&request).await.unwrap();
            let right = redis.check(&request).await.unwrap();
            assert_eq!(left.remaining(), right.remaining(), "{quota:?}");
            hits.push_back((left.into_hits(&request), right.into_hits(&request)));
            if hits.len() > steps_later {
                let (left, right) = hits.pop_front().unwrap();
                memory.refund(&left).await.unwrap();
                redis.refund(&right).await.unwrap();
            }
        }
    }
}

/// By Redis' own clock, and no later than a second after they are as good as new.
async fn limits_expire(server: &Server, limiter: &RedisLimiter, prefix: &str) {
    let key = LimitKey::from("alice");
    let quotas = [
        Quota::per_minute(5),
        Quota::per_minute(5).algorithm(Algorithm::SlidingWindow),
        Quota::per_minute(5).algorithm(Algorithm::FixedWindow),
    ];
    for quota in &quotas {
        let began = Instant::now();
        let decision = limiter.check(&[LimitRequest::new(&key, quota)]).await;
        let reset = decision.unwrap().reset();
        lives_for(server, prefix, reset, began);
    }
    let once = Quota::per(Duration::from_millis(40), 1);
    let request = [LimitRequest::new(&key, &once)];
    assert!(limiter.check(&request).await.unwrap().is_allowed());
    the_clock_moves(server, Duration::from_millis(41));
    assert!(limiter.check(&request).await.unwrap().is_allowed());
    server_forgets(server, prefix);
}

/// The only key lives for so long from about then on, and up to a second more; then it is deleted.
fn lives_for(server: &Server, prefix: &str, time: Duration, began: Instant) {
    let keys = server.ask(&["--scan", "--pattern", &format!("{prefix}*")]);
    assert_eq!(keys.lines().count(), 1, "{keys}");
    let left = server.ask(&["PTTL", &keys]);
    let left = Duration::from_millis(left.parse().expect("it lives for some time"));
    let (second, slack) = (Duration::from_secs(1), Duration::from_millis(50));
    assert!(left <= time + second + slack, "{left:?}, not {time:?}");
    let at_least = time + second;
    assert!(
        left + began.elapsed() + slack >= at_least,
        "{left:?}, not {time:?}"
    );
    server_forgets(server, prefix);
}

/// Waits until it is so much later for Redis.
fn the_clock_moves(server: &Server, by: Duration) {
    let time = || {
        let time = server.ask(&["TIME"]);
        let (seconds, micros) = time.split_once('\n').expect("two numbers");
        let [seconds, micros] = [seconds, micros].map(|number| number.trim().parse().unwrap());
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    };
    let began = time();
    while time() < began + by {}
}

fn keys(server: &Server, prefix: &str) -> Vec<String> {
    let keys = server.ask(&["--scan", "--pattern", &format!("{prefix}*")]);
    keys.lines().map(str::to_owned).collect()
}

fn server_forgets(server: &Server, prefix: &str) {
    for key in keys(server, prefix) {
        drop(server.ask(&["DEL", &key]));
    }
}

/// What is of another kind is an error, never a pass.
async fn limits_are_no_other_values(server: &Server, limiter: &RedisLimiter, prefix: &str) {
    let key = LimitKey::from("alice");
    let gcra = Quota::per_hour(5);
    for quota in [gcra.clone(), gcra.algorithm(Algorithm::FixedWindow)] {
        let request = [LimitRequest::new(&key, &quota)];
        assert!(limiter.check(&request).await.unwrap().is_allowed());
        for key in keys(server, prefix) {
            assert_eq!(server.ask(&["SET", &key, &"9".repeat(50)]), "OK");
        }
        assert!(limiter.check(&request).await.is_err());
        server_forgets(server, prefix);
    }
}

/// Panics where the store of failures is not what it should be.
async fn lockouts_hold(server: Arc<Server>, line: Arc<FaultyLine>) {
    let clock = ManualClock::new();
    let connect = async || {
        let builder = line.builder(&fresh_prefix());
        let builder = builder.with_insecure_clock_of_the_caller(clock.shared());
        RedisLockouts::new(&builder.connect().await.unwrap())
    };
    let memory = MemoryLockouts::new().with_clock(clock.shared());
    lockouts::agreement(&memory, &connect().await, &clock, 5, 400).await;
    lockouts::conformance(connect().await, &clock).await;
    a_counter_may_count_twice(&connect().await).await;
    let prefix = fresh_prefix();
    let store = RedisLockouts::new(&line.builder(&prefix).connect().await.unwrap());
    failures_expire(&server, &store, &prefix).await;
    failures_are_no_other_values(&server, &store, &prefix).await;
}

/// Where an account and its address come to one counter.
async fn a_counter_may_count_twice(store: &RedisLockouts) {
    let (key, steps) = (LimitKey::from("alice"), Steps::new(3));
    let counter = Counter {
        key: &key,
        steps: &steps,
    };
    let counted = store.count(&[counter, counter]).await.unwrap();
    let left: Vec<_> = counted
        .standings()
        .iter()
        .map(|each| each.remaining)
        .collect();
    assert_eq!(left, [2, 1]);
}

async fn failures_expire(server: &Server, store: &RedisLockouts, prefix: &str) {
    let (key, minute) = (LimitKey::from("alice"), Duration::from_secs(60));
    let quiet = Steps::new(1).first_lock(minute).forgotten_after(minute);
    let counter = Counter {
        key: &key,
        steps: &quiet,
    };
    let began = Instant::now();
    let counted = store.count(&[counter]).await.unwrap();
    assert!(counted.is_counted());
    lives_for(server, prefix, 2 * minute, began);
    // What is locked until somebody unlocks it is never forgotten.
    let hard = Steps::until_unlocked(1);
    let counter = Counter {
        key: &key,
        steps: &hard,
    };
    let mark = store.count(&[counter]).await.unwrap().standings()[0].mark;
    let all = keys(server, prefix);
    assert_eq!(server.ask(&["PTTL", &all[0]]), "-1");
    let failure = CountedFailure { counter, mark };
    store.settle(&[], &[failure]).await.unwrap();
    let standing = store.look(&[counter]).await.unwrap()[0];
    assert_eq!((standing.locked_for, standing.remaining), (None, 1));
    server_forgets(server, prefix);
    let short = Steps::new(1).first_lock(Duration::from_millis(40));
    let counter = Counter {
        key: &key,
        steps: &short,
    };
    assert!(store.count(&[counter]).await.unwrap().is_counted());
    the_clock_moves(server, Duration::from_millis(41));
    assert!(store.count(&[counter]).await.unwrap().is_counted());
    server_forgets(server, prefix);
}

async fn failures_are_no_other_values(server: &Server, store: &RedisLockouts, prefix: &str) {
    let (key, steps) = (LimitKey::from("alice"), Steps::new(5));
    let counter = Counter {
        key: &key,
        steps: &steps,
    };
    assert!(store.count(&[counter]).await.unwrap().is_counted());
    for key in keys(server, prefix) {
        assert_eq!(server.ask(&["SET", &key, &"9".repeat(50)]), "OK");
    }
    assert!(store.count(&[counter]).await.is_err());
}

/// Which of these faults are not noticed; some at a time.
async fn unnoticed<F, T>(server: &Arc<Server>, faults: &[Fault], hold: F) -> Vec<Fault>
where
    F: Fn(Arc<Server>, Arc<FaultyLine>) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let mut unnoticed = Vec::new();
    for some in faults.chunks(4) {
        let mut running = JoinSet::new();
        for fault in some.iter().copied() {
            let line = Arc::new(FaultyLine::to(server, fault));
            let held = tokio::spawn(hold(Arc::clone(server), Arc::clone(&line)));
            running.spawn(async move { (fault, line, held.await) });
        }
        while let Some(ended) = running.join_next().await {
            let (fault, line, held) = ended.unwrap();
            assert!(line.scripts() > 0, "no script says {fault:?}");
            if held.is_ok() {
                unnoticed.push(fault);
            }
        }
    }
    unnoticed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn scripts_without_a_fault_pass() {
    let Some(server) = server() else { return };
    assert_eq!(unnoticed(&server, &[NONE], limits_hold).await.len(), 1);
    assert_eq!(unnoticed(&server, &[NONE], lockouts_hold).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn limits_with_any_fault_do_not() {
    let Some(server) = server() else { return };
    let unnoticed = unnoticed(&server, OF_LIMITS, limits_hold).await;
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lockouts_with_any_fault_do_not() {
    let Some(server) = server() else { return };
    let unnoticed = unnoticed(&server, OF_LOCKOUTS, lockouts_hold).await;
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}
