//! Somebody who wants more than there is for one.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::{By, Client};
use crate::world::World;

/// Refresh tokens exchanged by one client: 150 in five minutes, all of them at once if need be.
const QUOTA: u32 = 150;
const REFILL: Duration = Duration::from_secs(2);

/// Tries refresh tokens that are none, which costs nothing but the limit; that limit is closed where nobody can count.
pub(crate) struct Greedy {
    client: Client,
    began: Instant,
    tried: AtomicU32,
}

impl Greedy {
    pub(crate) fn begin(world: &World) -> Self {
        Self {
            client: world.somebody().hasty(),
            began: Instant::now(),
            tried: AtomicU32::new(0),
        }
    }

    /// Tries so many at all nodes, each by several at once.
    pub(crate) fn try_at_all(&self, world: &World, times: u32) {
        thread::scope(|scope| {
            for number in 0..12 {
                let node = self.client.at(world.addresses[number % 3]);
                scope.spawn(move || (0..times / 12).for_each(|_| self.attempt(&node)));
            }
        });
    }

    /// Once, by way of nginx, where nodes may be dead.
    pub(crate) fn try_once(&self) {
        self.attempt(&self.client);
    }

    fn attempt(&self, client: &Client) {
        let body = serde_json::json!({ "refreshToken": "none" });
        let path = "/api/users/refresh-token";
        let answer = client.try_ask("POST", path, By::Nobody, Some(&body));
        let answer = answer.expect("a server that runs answers");
        match answer.status {
            401 => drop(self.tried.fetch_add(1, Ordering::Relaxed)),
            429 => assert!(answer.header("retry-after").is_some(), "{answer:?}"),
            502 => {}
            _ => drop(answer.unavailable()),
        }
    }

    /// All nodes together have let through the quota, and what has come back to it since.
    pub(crate) fn has_no_more_than_its_share(&self) {
        let (tried, took) = (self.tried.load(Ordering::Relaxed), self.began.elapsed());
        let share = f64::from(QUOTA) + took.as_secs_f64() / REFILL.as_secs_f64();
        assert!(f64::from(tried) <= share, "{tried} in {took:?}");
    }

    /// Whether it got anything at all.
    pub(crate) fn has_got(&self) -> u32 {
        self.tried.load(Ordering::Relaxed)
    }
}
