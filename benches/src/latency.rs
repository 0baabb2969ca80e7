use std::time::Duration;

/// How long each of many single calls took.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    sorted: Vec<Duration>,
}

impl Latencies {
    /// Of these.
    #[must_use]
    pub fn new(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self { sorted: all }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The time that this share of the calls (between 0 and 1) kept to.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        self.sorted.get(index).copied().unwrap_or_default()
    }

    /// The longest.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.quantile(1.0)
    }

    /// The share of the calls that took longer than this.
    #[must_use]
    pub fn share_over(&self, limit: Duration) -> f64 {
        let within = self.sorted.partition_point(|time| *time <= limit);
        (self.count() - within) as f64 / self.count().max(1) as f64
    }
}
