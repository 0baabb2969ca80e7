//! Calls by several tasks of one node, one kind after the other, round by round.

use std::time::{Duration, Instant};

use portcullis_benches::{Latencies, Settings};
use portcullis_testkit::redis::Server;

use crate::world::{Call, World};

/// For how long each kind is called, and how often.
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
}

/// What one kind of call came to.
#[derive(Default)]
pub(crate) struct Measured {
    /// Calls a second, round by round.
    rates: Vec<f64>,
    /// Of the rate of `PING` in the same round.
    shares: Vec<f64>,
    /// Microseconds of Redis' own for each call, round by round.
    in_redis: Vec<f64>,
    pub(crate) latencies: Latencies,
}

/// What all came to.
pub(crate) struct Raced(Vec<(Call, Measured)>);

impl Plan {
    pub(crate) fn of(settings: &Settings) -> Self {
        match settings.divisor {
            1 => Self {
                rounds: 15,
                round: Duration::from_millis(200),
            },
            _ => Self {
                rounds: 1,
                round: Duration::from_millis(20),
            },
        }
    }
}

impl Measured {
    pub(crate) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    pub(crate) fn share(&self) -> f64 {
        median(&self.shares)
    }

    pub(crate) fn in_redis(&self) -> f64 {
        median(&self.in_redis)
    }
}

impl Raced {
    pub(crate) fn of(&self, call: Call) -> &Measured {
        let found = self.0.iter().find(|(other, _)| *other == call);
        &found.expect("all were measured").1
    }
}

pub(crate) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// All kinds of calls, with so many tasks at once.
pub(crate) async fn race(world: &World, server: &Server, tasks: usize, plan: &Plan) -> Raced {
    let mut raced: Vec<_> = Call::ALL.map(|call| (call, Measured::default())).into();
    let mut all: Vec<Vec<Duration>> = vec![Vec::new(); raced.len()];
    for _ in 0..plan.rounds {
        let mut floor = None;
        for ((call, measured), all) in raced.iter_mut().zip(&mut all) {
            assert_eq!(server.ask(&["CONFIG", "RESETSTAT"]), "OK");
            let (rate, took) = round(world, *call, tasks, plan.round).await;
            measured.rates.push(rate);
            measured.shares.push(rate / *floor.get_or_insert(rate));
            measured.in_redis.push(in_redis(server));
            all.extend(took);
        }
    }
    for ((_, measured), all) in raced.iter_mut().zip(all) {
        measured.latencies = Latencies::new(all);
    }
    Raced(raced)
}

/// Calls a second, and how long each took.
pub(crate) async fn round(
    world: &World,
    call: Call,
    tasks: usize,
    time: Duration,
) -> (f64, Vec<Duration>) {
    let began = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                let mut took = Vec::new();
                let mut now = Instant::now();
                while now - began < time {
                    world.call(call).await;
                    let then = std::mem::replace(&mut now, Instant::now());
                    took.push(now - then);
                }
                took
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in running {
        all.extend(task.await.expect("a task ends"));
    }
    (all.len() as f64 / began.elapsed().as_secs_f64(), all)
}

/// Microseconds of scripts, for each of them: 0 where none ran.
fn in_redis(server: &Server) -> f64 {
    let statistics = server.ask(&["INFO", "commandstats"]);
    let line = statistics
        .lines()
        .find(|line| line.starts_with("cmdstat_evalsha:"));
    let each = line.and_then(|line| {
        let (_, each) = line.split_once("usec_per_call=")?;
        each.split(',').next()?.parse().ok()
    });
    each.unwrap_or_default()
}
