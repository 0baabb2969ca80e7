//! What it came to, in words.

use std::time::Duration;

use portcullis_benches::{Limit, Machine, Row, Section, nanos, times, version_of};

use crate::calls::{Measured, Raced};
use crate::nodes::{Growth, NODES};
use crate::world::Call;

pub(crate) const TITLE: &str = "Redis";

/// Tasks of one node that call at once.
pub(crate) const MANY: usize = 64;

const LOCK: &str = include_str!("../../../Cargo.lock");

pub(crate) fn section(one: &Raced, many: &Raced, growth: &Growth) -> Section {
    let mut rows = vec![
        floor(one, many),
        goal(one),
        decision("the same, 64 at a time", many),
        latency("what a decision adds to a request, 1 at a time", one),
        latency("what a decision adds to a request, 64 at a time", many),
        in_redis("of which in Redis, 1 at a time", one),
        in_redis("of which in Redis, 64 at a time", many),
    ];
    for (job, call) in OTHERS {
        rows.push(both(job, one, many, call));
    }
    rows.push(sessions(one, many));
    rows.push(nodes(growth));
    Section {
        title: TITLE,
        note: note(),
        rows,
    }
}

const OTHERS: [(&str, Call); 5] = [
    ("sliding window", Call::SlidingWindow),
    ("fixed window", Call::FixedWindow),
    ("two quotas by one key", Call::TwoQuotas),
    ("over its limit, known to this node", Call::OverTheLimit),
    ("a failed attempt on three counters", Call::Failure),
];

fn note() -> String {
    let machine = Machine::this();
    let version = |package| version_of(LOCK, package);
    format!(
        "Written by `cargo bench -p portcullis-benches --bench redis -- --write docs/benchmarks.md`: {machine}; redis-rs {}, tower-sessions-redis-store {}. Redis runs on the same machine and is reached through a unix socket; the node is a runtime with two workers and has one \
         connection, which its tasks share. A decision is one script for one of 10 000 clients in turn. *× PING* is the rate as a share of that of `PING` over a bare connection of redis-rs in the same round, the median of the rounds; *by hand* is a short GCRA script by redis-rs' \
         `EVALSHA`, which answers no reset time and keeps whole microseconds; the pipeline is `INCR` and `EXPIRE`, which decides nothing atomically. Time in Redis is `usec_per_call` of `INFO commandstats`.",
        version("redis"),
        version("tower-sessions-redis-store"),
    )
}

fn share(measured: &Measured) -> String {
    format!("{:.2} × PING", measured.share())
}

fn figures(measured: &Measured) -> String {
    format!("{}: {:.0}/s", share(measured), measured.rate())
}

fn beside(raced: &Raced) -> String {
    format!(
        "by hand {}; pipeline {}",
        share(raced.of(Call::GcraByHand)),
        share(raced.of(Call::IncrementAndExpire))
    )
}

fn floor(one: &Raced, many: &Raced) -> Row {
    let rate = |raced: &Raced| raced.of(Call::Ping).rate();
    let (one, many) = (rate(one), rate(many));
    Row::new("`PING`, the floor").measured(format!("{one:.0}/s; 64 at a time {many:.0}/s"))
}

fn goal(one: &Raced) -> Row {
    let share = one.of(Call::Gcra).share();
    let limit = Limit::at_least("rate", share, 0.5);
    decision("a decision by GCRA, 1 at a time", one).target("≥ 0.5 × PING", [limit])
}

fn decision(job: &str, raced: &Raced) -> Row {
    let measured = figures(raced.of(Call::Gcra));
    Row::new(job).measured(measured).beside(beside(raced))
}

fn time(time: Duration) -> String {
    nanos(time.as_nanos() as f64)
}

fn quantiles(measured: &Measured) -> String {
    let latencies = &measured.latencies;
    let (half, most) = (latencies.quantile(0.5), latencies.quantile(0.99));
    format!("p50 {}, p99 {}", time(half), time(most))
}

fn latency(job: &str, raced: &Raced) -> Row {
    let ping = quantiles(raced.of(Call::Ping));
    let by_hand = quantiles(raced.of(Call::GcraByHand));
    Row::new(job)
        .measured(quantiles(raced.of(Call::Gcra)))
        .beside(format!("PING {ping}; by hand {by_hand}"))
}

fn in_redis(job: &str, raced: &Raced) -> Row {
    let micros = |call| format!("{:.1} µs", raced.of(call).in_redis());
    Row::new(job)
        .measured(micros(Call::Gcra))
        .beside(format!("by hand {}", micros(Call::GcraByHand)))
}

fn both(job: &str, one: &Raced, many: &Raced, call: Call) -> Row {
    let (one, many) = (figures(one.of(call)), figures(many.of(call)));
    Row::new(job).measured(format!("{one}; 64 at a time {many}"))
}

fn sessions(one: &Raced, many: &Raced) -> Row {
    let (theirs, theirs_at_once) = (
        figures(one.of(Call::SessionOfTheirs)),
        figures(many.of(Call::SessionOfTheirs)),
    );
    both("a session is read", one, many, Call::Session).beside(format!(
        "tower-sessions-redis-store {theirs}; 64 at a time {theirs_at_once}"
    ))
}

fn nodes(growth: &Growth) -> Row {
    let of = |rates: &[f64]| {
        let each: Vec<_> = NODES
            .iter()
            .zip(rates)
            .map(|(nodes, rate)| format!("{nodes}: {rate:.0}/s ({})", times(rate / rates[0])))
            .collect();
        each.join(", ")
    };
    Row::new("decisions by 1, 2 and 4 nodes on one Redis, 64 tasks each; nodes are processes on this machine")
        .measured(of(&growth.decisions))
        .beside(format!("PING {}", of(&growth.pings)))
}
