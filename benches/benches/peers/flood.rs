//! Ten million clients: what becomes of the memory, of the slowest decision, and of those who are over their limit.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use ::governor::{Quota as GovernorQuota, RateLimiter};
use portcullis_benches::{Latencies, Limit, Row, Settings, nanos};
use portcullis_core::Client;
use portcullis_limit::{LimitKey, MemoryLimiter, Quota};

use crate::limit::address;

const CLIENTS: usize = 10_000_000;

/// governor takes memory for each for good; a tenth shows it.
const GOVERNOR_CLIENTS: usize = CLIENTS / 10;

/// Those who are over their limit before the flood comes.
const OVER_LIMIT: usize = 10_000;

/// How often the slowest insertion is looked for: that of the quietest pass counts, for in the others the machine was busy.
const PASSES: usize = 5;

/// 64 MiB, the limiter's own default.
const BOUND: f64 = (64 << 20) as f64;

pub(crate) fn rows(settings: &Settings) -> Vec<Row> {
    vec![flood(settings), slowest(settings)]
}

/// A quota of two that takes a day to come back.
fn slow() -> Quota {
    Quota::per(Duration::from_secs(86_400), 2)
}

fn key(client: usize) -> LimitKey {
    LimitKey::from(Client::Address(address(client)))
}

fn flood(settings: &Settings) -> Row {
    let clients = CLIENTS / settings.divisor;
    let (mut freed, mut refused) = (0, 0);
    let bytes = most_bytes(|| (freed, refused) = flooded(clients));
    let limits = [
        Limit::at_most("memory", bytes, BOUND),
        Limit::at_most("clients set free", f64::from(freed), 0.0),
    ];
    Row::new(format!("{} million distinct clients", clients as f64 / 1e6))
        .target("≤ 64 MiB, nobody over a limit set free", limits)
        .measured(format!(
            "{}; {freed} of {OVER_LIMIT} over their limit set free; {refused} newcomers refused",
            mebibytes(bytes)
        ))
        .beside(beside(settings))
}

/// Has some clients exceed their limit, lets the flood come, and says how many of the former are set free by it, and how many
/// of the flood are refused.
fn flooded(clients: usize) -> (u32, u32) {
    let (limiter, quota) = (MemoryLimiter::new(), slow());
    let is_allowed = |client| limiter.check_one(&key(client), &quota).is_allowed();
    for client in 0..OVER_LIMIT {
        while is_allowed(client) {}
    }
    let refused = (OVER_LIMIT..clients)
        .map(|client| u32::from(!is_allowed(client)))
        .sum();
    let freed = (0..OVER_LIMIT)
        .map(|client| u32::from(is_allowed(client)))
        .sum();
    (freed, refused)
}

/// The most bytes that were allocated at one time.
fn most_bytes(run: impl FnOnce()) -> f64 {
    allocation_counter::measure(run).bytes_max as f64
}

fn beside(settings: &Settings) -> String {
    let clients = GOVERNOR_CLIENTS / settings.divisor;
    let bytes = most_bytes(|| {
        let limiter = governor();
        for client in 0..clients {
            let _ = limiter.check_key(&address(client));
        }
    });
    format!(
        "governor {} after {} million",
        mebibytes(bytes),
        clients as f64 / 1e6
    )
}

fn governor() -> ::governor::DefaultKeyedRateLimiter<std::net::IpAddr> {
    let quota = GovernorQuota::with_period(Duration::from_secs(43_200));
    let quota = quota.expect("a period is not zero");
    RateLimiter::dashmap(quota.allow_burst(NonZeroU32::new(2).expect("two is not zero")))
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / f64::from(1 << 20))
}

/// The slowest of the first decisions on so many clients.
fn slowest(settings: &Settings) -> Row {
    let clients = GOVERNOR_CLIENTS / settings.divisor;
    let ours = quietest(clients, || {
        let (limiter, quota) = (MemoryLimiter::new(), slow());
        move |client| limiter.check_one(&key(client), &quota).is_allowed()
    });
    let peer = quietest(clients, || {
        let limiter = governor();
        move |client| limiter.check_key(&address(client)).is_ok()
    });
    let text = |times: &Latencies| {
        let time = |time: Duration| nanos(time.as_nanos() as f64);
        let p9999 = time(times.quantile(0.9999));
        format!("{}; 99.99 % within {p9999}", time(times.longest()))
    };
    let longest = ours.longest().as_secs_f64();
    Row::new(format!(
        "slowest insertion of {} million",
        clients as f64 / 1e6
    ))
    .target("≤ 100 µs", [Limit::at_most("time", longest, 100e-6)])
    .measured(text(&ours))
    .beside(format!("governor {}", text(&peer)))
}

/// The times of the pass whose longest is the shortest.
fn quietest<F: FnMut(usize) -> bool>(clients: usize, limiter: impl Fn() -> F) -> Latencies {
    let pass = |_| {
        let mut check = limiter();
        let mut times = Vec::with_capacity(clients);
        for client in 0..clients {
            let start = Instant::now();
            std::hint::black_box(check(client));
            times.push(start.elapsed());
        }
        Latencies::new(times)
    };
    let passes = (0..PASSES).map(pass);
    passes.min_by_key(Latencies::longest).unwrap_or_default()
}
