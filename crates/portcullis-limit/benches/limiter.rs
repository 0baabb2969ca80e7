//! What a decision costs, beside `governor`'s `check_key`; and how the table bears a flood.
//!
//! `cargo bench -p portcullis-limit --bench limiter` runs all of it; `-- decisions`, `layers`, `insertions` or `flood` a part. The
//! comparison with whole layers of other crates is in the workspace's `benches`.

use std::convert::Infallible;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::RateLimiter;
use http::{Request, Response};
use portcullis_core::{Client, PeerAddress, TrustedProxies, client_address};
use portcullis_limit::{Algorithm, LimitKey, MemoryLimiter, Quota, RateLimitLayer};
use tower::{Layer, Service};

const ROUNDS: usize = 15;
const CALLS: u32 = 100_000;
const CLIENTS: u32 = 10_000_000;

fn main() {
    let parts: [(&str, fn()); 4] = [
        ("decisions", decisions),
        ("layers", layers),
        ("insertions", insertions),
        ("flood", flood),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |name: &str| wanted.iter().any(|argument| argument == name);
    let all = !parts.iter().any(|(name, _)| is_named(name));
    for (_, run) in parts.into_iter().filter(|(name, _)| all || is_named(name)) {
        run();
    }
}

/// A quota that is never used up, but keeps each key for most of a second: one that is as good as new at once would need no
/// place, and make the table look faster than it is.
fn plenty() -> Quota {
    Quota::per(Duration::from_secs(100 * 365 * 24 * 3600), u32::MAX)
}

fn client(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(number).into()
}

/// Spreads calls over this many clients, in an order that the processor cannot foresee.
fn spread(call: u32, clients: u32) -> u32 {
    call.wrapping_mul(0x9e37_79b1) % clients
}

/// The medians, in nanoseconds a call, of functions that take turns.
fn race<const N: usize>(mut lanes: [(&str, &mut dyn FnMut(u32)); N]) {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=ROUNDS {
        for (lane, times) in lanes.iter_mut().zip(&mut times) {
            let began = Instant::now();
            (0..CALLS).for_each(&mut *lane.1);
            if round > 0 {
                times.push(began.elapsed().as_nanos() / u128::from(CALLS));
            }
        }
    }
    for ((name, _), mut times) in lanes.into_iter().zip(times) {
        times.sort_unstable();
        println!("  {name:<44} {:>6} ns", times[ROUNDS / 2]);
    }
}

fn decisions() {
    for clients in [1, 100_000] {
        println!("one decision, {clients} clients");
        let governor_quota = governor::Quota::per_second(NonZeroU32::new(1_000_000_000).unwrap());
        let governor = RateLimiter::keyed(governor_quota);
        let (gcra, sliding, fixed) = (
            MemoryLimiter::new(),
            MemoryLimiter::new(),
            MemoryLimiter::new(),
        );
        let [gcra_quota, sliding_quota, fixed_quota] = [
            Algorithm::Gcra,
            Algorithm::SlidingWindow,
            Algorithm::FixedWindow,
        ]
        .map(|algorithm| plenty().algorithm(algorithm));
        let check = |limiter: &MemoryLimiter, quota: &Quota, call| {
            let key = LimitKey::from(Client::Address(client(spread(call, clients))));
            black_box(limiter.check_one(&key, quota).is_allowed());
        };
        race([
            ("governor check_key", &mut |call| {
                black_box(governor.check_key(&client(spread(call, clients))).is_ok());
            }),
            ("MemoryLimiter, GCRA", &mut |call| {
                check(&gcra, &gcra_quota, call);
            }),
            ("MemoryLimiter, sliding window", &mut |call| {
                check(&sliding, &sliding_quota, call);
            }),
            ("MemoryLimiter, fixed window", &mut |call| {
                check(&fixed, &fixed_quota, call);
            }),
        ]);
    }
}

fn layers() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let bare = tower::service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let request = |number| {
        let mut request = Request::new(());
        let address = SocketAddr::new(client(number), 4000);
        request.extensions_mut().insert(PeerAddress(address));
        request
    };
    let layer = |quota| {
        RateLimitLayer::new(MemoryLimiter::new(), quota).by(client_address(TrustedProxies::none()))
    };
    for clients in [1, 100_000] {
        println!("one request, {clients} clients");
        let (mut bare, mut limited) = (bare, layer(plenty()).layer(bare));
        let mut told = layer(plenty()).headers_on_every_response().layer(bare);
        race([
            ("bare service", &mut |call| {
                let _ = black_box(runtime.block_on(bare.call(request(spread(call, clients)))));
            }),
            ("RateLimitLayer", &mut |call| {
                let _ = black_box(runtime.block_on(limited.call(request(spread(call, clients)))));
            }),
            ("RateLimitLayer, with fields", &mut |call| {
                let _ = black_box(runtime.block_on(told.call(request(spread(call, clients)))));
            }),
        ]);
    }
    println!("one refusal");
    let mut closed = layer(Quota::per_hour(0)).layer(bare);
    race([("RateLimitLayer, 429", &mut |_| {
        let _ = black_box(runtime.block_on(closed.call(request(1))));
    })]);
}

/// Each insertion into a table that is full, by itself.
fn insertions() {
    let limiter = MemoryLimiter::new();
    let quota = Quota::per_hour(10);
    let mut number = 0;
    let mut insert = || {
        number += 1;
        let key = LimitKey::from(Client::Address(client(number)));
        let began = Instant::now();
        let _ = black_box(limiter.check_one(&key, &quota));
        began.elapsed()
    };
    let mut growing: Vec<Duration> = (0..3_000_000).map(|_| insert()).collect();
    let mut full: Vec<Duration> = (0..1_000_000).map(|_| insert()).collect();
    println!("one insertion");
    for (name, times) in [
        ("while the table grows", &mut growing),
        ("into a full table", &mut full),
    ] {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 10_000];
        println!(
            "  {name:<24} median {:?}, 99.9 % {:?}, 99.99 % {:?}, worst {:?}",
            at(5000),
            at(9990),
            at(9999),
            at(10_000)
        );
    }
}

/// Ten million clients come by while a thousand are over their limit.
fn flood() {
    println!("{CLIENTS} distinct clients");
    let before = resident();
    let limiter = MemoryLimiter::new();
    let quota = Quota::per_hour(2);
    let allows = |number| {
        let key = LimitKey::from(Client::Address(client(number)));
        limiter.check_one(&key, &quota).is_allowed()
    };
    let offenders = 1000;
    for offender in 0..offenders {
        while allows(offender) {}
    }
    let began = Instant::now();
    for number in offenders..CLIENTS {
        let _ = allows(number);
    }
    let took = began.elapsed() / CLIENTS;
    let free = (0..offenders).filter(|&offender| allows(offender)).count();
    let grown = resident().saturating_sub(before) >> 20;
    println!(
        "  {took:?} each, {grown} MiB more than before, {free} of {offenders} offenders set free"
    );
    assert_eq!(free, 0, "nobody over the limit is set free");
    assert!(grown <= 65, "within the bound");
}

/// This process's resident memory in bytes; 0 where it cannot be read.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0) << 10
}
