//! Providers on node, which take a second to start: one test leaves them to the next.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

/// Those that nobody uses, by what kind they are.
pub(crate) struct Pool<T: 'static> {
    idle: Mutex<Vec<(&'static str, T)>>,
}

/// One that this test alone uses.
pub(crate) struct Lent<T: 'static> {
    kind: &'static str,
    provider: Option<T>,
    pool: &'static Pool<T>,
}

impl<T> Pool<T> {
    pub(crate) const fn new() -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
        }
    }

    /// One of this kind, if there is one.
    pub(crate) fn take(&self, kind: &'static str) -> Option<T> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let place = idle.iter().position(|(other, _)| *other == kind)?;
        Some(idle.swap_remove(place).1)
    }

    pub(crate) fn lend(&'static self, kind: &'static str, provider: T) -> Lent<T> {
        let provider = Some(provider);
        Lent {
            kind,
            provider,
            pool: self,
        }
    }
}

impl<T> Deref for Lent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.provider.as_ref().unwrap()
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        let mut idle = self
            .pool
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.provider.take().map(|provider| (self.kind, provider)));
    }
}
