use std::time::Duration;

use portcullis_core::{Clock, SystemClock};

use crate::observe;

/// Whether one place is done without, as operators see it: open while it is.
pub(super) struct Circuit {
    place: String,
    open_since: Option<Duration>,
}

impl Circuit {
    pub(super) fn new(place: String) -> Self {
        Self {
            place,
            open_since: None,
        }
    }

    /// Nothing is asked there any more.
    pub(super) fn open(&mut self, reason: &str) {
        if self.open_since.is_none() {
            self.open_since = Some(SystemClock.monotonic());
            observe::opened(&self.place, reason);
        }
    }

    /// It is tried whether it is back.
    pub(super) fn half_open(&self) {
        observe::half_opened(&self.place);
    }

    /// It is back.
    pub(super) fn close(&mut self) {
        if let Some(since) = self.open_since.take() {
            let after = SystemClock.monotonic().saturating_sub(since);
            observe::closed(&self.place, after);
        }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }
}

impl Drop for Circuit {
    /// A place that nobody asks any more is not done without.
    fn drop(&mut self) {
        if self.open_since.is_some() {
            observe::left();
        }
    }
}
