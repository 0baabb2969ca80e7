use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;

use crate::report::{allocations, nanos};
use crate::{Case, Settings};

/// Cases that are measured side by side.
#[derive(Debug, Default)]
pub struct Race {
    cases: Vec<(String, Case)>,
}

/// What a case came to.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Requests a second of all threads together, round by round.
    rates: Vec<f64>,
    /// Allocations per request.
    pub allocations: f64,
}

/// What all cases came to, by name.
#[derive(Debug, Default)]
pub struct Outcome {
    measured: BTreeMap<String, Measured>,
}

impl Race {
    /// An empty race.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a case.
    ///
    /// # Panics
    ///
    /// Where there is one of the same name.
    pub fn enter(&mut self, name: impl Into<String>, case: Case) {
        let name = name.into();
        let is_new = self.cases.iter().all(|(other, _)| *other != name);
        assert!(is_new, "two cases named {name}");
        self.cases.push((name, case));
    }

    /// Leaves the cases whose names begin in none of these ways, which have commas between them.
    pub fn retain(&mut self, starts: &str) {
        let is_wanted = |name: &str| starts.split(',').any(|start| name.starts_with(start));
        self.cases.retain(|(name, _)| is_wanted(name));
    }

    /// Runs all cases, round by round.
    #[must_use]
    pub fn run(mut self, settings: &Settings) -> Outcome {
        let mut measured = BTreeMap::new();
        for (name, case) in &mut self.cases {
            case.calibrate(settings);
            let allocations = case.count();
            let rates = Vec::with_capacity(settings.rounds);
            measured.insert(name.clone(), Measured { rates, allocations });
        }
        for _ in 0..settings.rounds {
            for (name, case) in &mut self.cases {
                let rate = case.run();
                if let Some(measured) = measured.get_mut(name) {
                    measured.rates.push(rate);
                }
            }
        }
        Outcome { measured }
    }
}

impl Measured {
    /// The median of the requests per second of all threads together.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        let mut rates = self.rates.clone();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    }

    /// The time per request in the round that was disturbed least, in nanoseconds; for looking for what costs time on a machine
    /// that is busy.
    #[must_use]
    pub fn best_nanos(&self) -> f64 {
        let best = self.rates.iter().copied().fold(0.0, f64::max);
        1e9 / best
    }

    /// Nanoseconds per request, on one thread; on several, the time from one finished request to the next.
    #[must_use]
    pub fn nanos(&self) -> f64 {
        1e9 / self.per_second()
    }
}

impl fmt::Display for Outcome {
    /// One line for each case: the median, the best round, the allocations.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.measured.iter().try_for_each(|(name, measured)| {
            let (time, best) = (nanos(measured.nanos()), nanos(measured.best_nanos()));
            let count = allocations(measured.allocations);
            writeln!(f, "{time:>10}  {best:>10}  {count:>9}  {name}")
        })
    }
}

impl Index<&str> for Outcome {
    type Output = Measured;

    fn index(&self, name: &str) -> &Measured {
        match self.measured.get(name) {
            Some(measured) => measured,
            None => panic!("no case was named {name}"),
        }
    }
}
