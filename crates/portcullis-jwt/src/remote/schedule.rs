//! When to fetch: pure bookkeeping, under a lock that is only ever held for a few instructions.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::RemoteError;

/// What the waiting are told when a fetch has ended.
pub(super) type Outcome = Result<(), RemoteError>;

/// Where they wait for that.
pub(super) type Waiting = watch::Receiver<Option<Outcome>>;

/// How often to fetch, and how long to trust. All times in this module are monotonic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) refresh_interval: Duration,
    pub(super) cool_down: Duration,
    pub(super) max_staleness: Duration,
}

/// `max-age` can ask for refreshes this often and no more often.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(300);

impl Pace {
    /// How long to wait after a success: as long as the application says, or less if the endpoint asks for that.
    pub(super) fn interval(&self, max_age: Option<Duration>) -> Duration {
        let longest = self.refresh_interval;
        let wanted = max_age.unwrap_or(longest);
        jittered(wanted.clamp(SHORTEST_INTERVAL.min(longest), longest))
    }
}

/// Up to a tenth earlier, so that a fleet that was started at once does not ask at once.
fn jittered(interval: Duration) -> Duration {
    let mut random = [0; 1];
    match getrandom::fill(&mut random) {
        Ok(()) => interval - interval / 10 * u32::from(random[0]) / 256,
        Err(_) => interval,
    }
}

/// A fetch that is under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) outcome: Waiting,
    pub(super) task: Option<AbortHandle>,
}

/// The right to fetch, which nobody else has meanwhile.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) number: u64,
    pub(super) claimed_at: Duration,
    pub(super) outcome: watch::Sender<Option<Outcome>>,
}

/// What is known of the past and due in the future.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    flight: Option<Flight>,
    flights: u64,
    cool_down_until: Duration,
    fresh_until: Duration,
    /// `None` while there are no keys.
    trusted_until: Option<Duration>,
    text: Bytes,
    last_failure: Option<RemoteError>,
    shut_down: bool,
}

impl Schedule {
    /// When somebody has to look here again, if nothing happens before.
    pub(super) fn due(&self) -> Duration {
        let Some(trusted_until) = self.trusted_until else {
            return Duration::MAX;
        };
        match self.shut_down || self.flight.is_some() {
            true => trusted_until,
            false => self
                .fresh_until
                .max(self.cool_down_until)
                .min(trusted_until),
        }
    }

    /// Ends the trust in keys that are too old. Says whether it was this call that did.
    pub(super) fn expire(&mut self, now: Duration) -> bool {
        let expired = self.trusted_until.is_some_and(|until| now >= until);
        if expired {
            self.trusted_until = None;
            self.text = Bytes::new();
        }
        expired
    }

    /// Whether the keys that are there should be fetched anew.
    pub(super) fn is_stale(&self, now: Duration) -> bool {
        self.trusted_until.is_some() && now >= self.fresh_until
    }

    /// The fetch that is under way, to wait for it.
    pub(super) fn flight(&self) -> Option<Waiting> {
        self.flight.as_ref().map(|flight| flight.outcome.clone())
    }

    /// Claims the right to fetch. The cool-down begins here, before anything is known of how the fetch will end.
    pub(super) fn claim(&mut self, now: Duration, pace: &Pace) -> Option<Claim> {
        if self.shut_down || self.flight.is_some() || now < self.cool_down_until {
            return None;
        }
        self.flights += 1;
        self.cool_down_until = now + pace.cool_down;
        let (sender, receiver) = watch::channel(None);
        self.flight = Some(Flight {
            number: self.flights,
            outcome: receiver,
            task: None,
        });
        Some(Claim {
            number: self.flights,
            claimed_at: now,
            outcome: sender,
        })
    }

    /// Remembers the task, so that it can be ended. Gives it back if its flight is over or no longer wanted.
    pub(super) fn attach(&mut self, number: u64, task: AbortHandle) -> Option<AbortHandle> {
        match &mut self.flight {
            Some(flight) if flight.number == number => {
                flight.task = Some(task);
                None
            }
            _ => Some(task),
        }
    }

    /// Ends a flight. Says whether it was still wanted.
    pub(super) fn land(&mut self, number: u64) -> bool {
        let wanted = matches!(&self.flight, Some(flight) if flight.number == number);
        if wanted {
            self.flight = None;
        }
        wanted
    }

    /// Notes new keys, as old as the claim that brought them. Says whether they differ from those before.
    pub(super) fn succeed(
        &mut self,
        at: Duration,
        interval: Duration,
        pace: &Pace,
        text: Bytes,
    ) -> bool {
        self.fresh_until = at + interval;
        self.trusted_until = Some(at + pace.max_staleness);
        self.last_failure = None;
        let changed = self.text != text;
        self.text = text;
        changed
    }

    /// Keeps a failure, for those who ask before the next fetch.
    pub(super) fn fail(&mut self, error: RemoteError) -> RemoteError {
        self.last_failure.insert(error).clone()
    }

    pub(super) fn last_failure(&self) -> Option<RemoteError> {
        self.last_failure.clone()
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down
    }

    /// Allows no more fetches, and gives back the one that is under way.
    pub(super) fn shut_down(&mut self) -> Option<Flight> {
        self.shut_down = true;
        self.flight.take()
    }
}
