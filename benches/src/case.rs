use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::thread;
use std::time::Duration;

use crate::lane::{Leg, Start};
use crate::{Lane, Settings};

/// How many requests stand ready before the clock starts: few enough to stay in the processor's cache, as those do that come
/// from a socket.
const BATCH: usize = 64;

/// How many requests the allocations are counted over.
const COUNTED: usize = 256;

/// One thing to measure.
#[derive(Debug)]
pub struct Case {
    lanes: Vec<Lane>,
    requests: usize,
    most: usize,
    threaded: bool,
}

impl Case {
    /// On one thread.
    #[must_use]
    pub fn new(lane: Lane) -> Self {
        Self {
            lanes: vec![lane],
            requests: 1,
            most: usize::MAX,
            threaded: false,
        }
    }

    /// On as many threads as there are lanes, which start together. To be compared with one lane in the same dress: all the
    /// requests of a leg are built before the clock starts.
    #[must_use]
    pub fn threads(lanes: impl IntoIterator<Item = Lane>) -> Self {
        Self {
            lanes: lanes.into_iter().collect(),
            requests: 1,
            most: 8192,
            threaded: true,
        }
    }

    /// No more than this many requests in a leg, where each must be a new one.
    #[must_use]
    pub fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Warms up, and finds out how many requests fill a leg.
    pub(crate) fn calibrate(&mut self, settings: &Settings) {
        self.requests = COUNTED.min(self.most);
        self.run();
        let rate = self.run();
        let requests = rate * settings.leg.as_secs_f64() / self.lanes.len() as f64;
        self.requests = (requests as usize).clamp(16, 1 << 20).min(self.most);
    }

    /// How many allocations a request makes, on the first lane.
    pub(crate) fn count(&mut self) -> f64 {
        let requests = COUNTED.min(self.most);
        let (arrived, allocations) = (AtomicUsize::new(0), AtomicU64::new(0));
        self.lanes[0].run(&Leg {
            requests,
            batch: requests,
            start: Start {
                arrived: &arrived,
                expected: 1,
            },
            allocations: Some(&allocations),
        });
        allocations.into_inner() as f64 / requests as f64
    }

    /// Runs one leg and says how many requests a second all lanes together have done.
    pub(crate) fn run(&mut self) -> f64 {
        let requests = self.requests;
        let arrived = AtomicUsize::new(0);
        let leg = Leg {
            requests,
            batch: if self.threaded { requests } else { BATCH },
            start: Start {
                arrived: &arrived,
                expected: self.lanes.len(),
            },
            allocations: None,
        };
        let rate = |spent: Duration| requests as f64 / spent.as_secs_f64();
        match self.lanes.as_mut_slice() {
            [lane] => rate(lane.run(&leg)),
            lanes => thread::scope(|scope| {
                let running: Vec<_> = lanes
                    .iter_mut()
                    .map(|lane| scope.spawn(|| rate(lane.run(&leg))))
                    .collect();
                let rates = running.into_iter().map(thread::ScopedJoinHandle::join);
                rates.map(|rate| rate.expect("no lane panics")).sum()
            }),
        }
    }
}
