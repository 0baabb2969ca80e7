use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_core::Timestamp;

use crate::model::RecordId;

/// When so many different mails have failed, and none was sent in between, it is the mailer that is down, not the mail at fault.
const DOWN_AFTER: usize = 3;

/// For how long then nothing is sent: from one to the other, doubling.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Whether the mailer works, as far as this node has seen. While it does not, mail stays where it is instead of failing once more.
#[derive(Debug, Default)]
pub(crate) struct Health {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failed: Vec<RecordId>,
    pauses: u32,
    until: Option<Timestamp>,
}

impl Health {
    /// How many mails may be tried at this moment, of as many: all of them, none while the mailer is down, one after a pause.
    pub(super) fn admits(&self, wanted: usize, now: Timestamp) -> usize {
        match self.lock().until {
            None => wanted,
            Some(until) if now < until => 0,
            Some(_) => wanted.min(1),
        }
    }

    /// The mailer has sent something, or has judged it.
    pub(super) fn worked(&self) {
        *self.lock() = State::default();
    }

    /// The mailer has failed with this mail. Says for how long nothing is sent now, if that begins with this failure.
    pub(super) fn failed(&self, mail: RecordId, now: Timestamp) -> Option<Duration> {
        let mut state = self.lock();
        if state.failed.len() < DOWN_AFTER && !state.failed.contains(&mail) {
            state.failed.push(mail);
        }
        let is_paused = state.until.is_some_and(|until| now < until);
        if state.failed.len() < DOWN_AFTER || is_paused {
            return None;
        }
        let factor = 1_u32.checked_shl(state.pauses).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
        state.pauses = state.pauses.saturating_add(1);
        state.until = Some(now.saturating_add(pause));
        Some(pause)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
