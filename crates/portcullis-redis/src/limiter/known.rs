use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_limit::{Decision, Outcome};

use super::asked::Asked;

/// What this node has been told of keys that are over their limit.
///
/// A refused request of cost 1 says for how long: nothing but a refund makes it shorter, and refunds are rare. So a flood of requests
/// that are refused costs Redis one question a second for each key, not one for each request. A key that is forgotten here is asked
/// for; so the table has a fixed size, and each key one place in it.
pub(super) struct Known {
    places: Box<[Mutex<Place>]>,
}

/// Places, 64 bytes each: a megabyte.
const PLACES: usize = 1 << 14;

/// After this time Redis is asked again, since another node may have taken a hit back.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Default)]
struct Place {
    fingerprint: u128,
    /// Until then the place is trusted. All times are this node's, monotonic.
    trusted_until: Duration,
    /// Until then requests are refused, if they are.
    refused_until: Duration,
    reset_at: Duration,
    remaining: u32,
}

impl Known {
    pub(super) fn new() -> Self {
        let places = std::iter::repeat_with(Mutex::default).take(PLACES);
        Self {
            places: places.collect(),
        }
    }

    /// The refusal of these requests, if all that is needed for it is known.
    pub(super) fn refusal(&self, requests: &[Asked], now: Duration) -> Option<Decision> {
        let outcomes: Option<Vec<Outcome>> = requests
            .iter()
            .map(|request| self.outcome(request, now))
            .collect();
        let decision = Decision::new(outcomes?);
        (!decision.is_allowed()).then_some(decision)
    }

    fn outcome(&self, request: &Asked, now: Duration) -> Option<Outcome> {
        if request.cost != 1 {
            return None;
        }
        let place = *self.place(request.fingerprint);
        if place.fingerprint != request.fingerprint || place.trusted_until <= now {
            return None;
        }
        let reset = place.reset_at.saturating_sub(now);
        let wait = place.refused_until.saturating_sub(now);
        Some(match wait.is_zero() {
            true => Outcome::allowed(request.limit, place.remaining, reset, 0),
            false => Outcome::refused(request.limit, 0, reset, wait),
        })
    }

    /// Remembers a refusal that was asked for at this time.
    pub(super) fn remember(&self, requests: &[Asked], decision: &Decision, asked_at: Duration) {
        if decision.is_allowed() {
            return;
        }
        for (request, outcome) in requests.iter().zip(decision.outcomes()) {
            let refused_until = asked_at.saturating_add(outcome.retry_after());
            let trusted_until = asked_at.saturating_add(TRUSTED_FOR);
            let is_refused = !outcome.is_allowed();
            if request.cost != 1 || (is_refused && outcome.remaining() > 0) {
                continue;
            }
            *self.place(request.fingerprint) = Place {
                fingerprint: request.fingerprint,
                trusted_until: match is_refused {
                    true => trusted_until.min(refused_until),
                    false => trusted_until,
                },
                refused_until: match is_refused {
                    true => refused_until,
                    false => Duration::ZERO,
                },
                reset_at: asked_at.saturating_add(outcome.reset()),
                remaining: outcome.remaining(),
            };
        }
    }

    /// Forgets a key that has been given something back.
    pub(super) fn forget(&self, request: &Asked) {
        let mut place = self.place(request.fingerprint);
        if place.fingerprint == request.fingerprint {
            *place = Place::default();
        }
    }

    fn place(&self, fingerprint: u128) -> MutexGuard<'_, Place> {
        let number = fingerprint as usize % self.places.len();
        self.places[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known")
    }
}
