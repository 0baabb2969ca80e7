use smallvec::SmallVec;

use super::bucket::{Bucket, Found, Undo};
use super::fingerprint::Fingerprint;
use super::table::{Guard, owns};
use crate::algorithm::State;

/// Some buckets of a [`Table`](super::table::Table), locked until this is dropped.
pub(super) struct Locked<'a> {
    guards: SmallVec<[Guard<'a>; 2]>,
    undo: SmallVec<[(usize, Undo); 2]>,
    crowded: Option<usize>,
}

impl<'a> Locked<'a> {
    pub(super) fn new(guards: SmallVec<[Guard<'a>; 2]>) -> Self {
        Self {
            guards,
            undo: SmallVec::new(),
            crowded: None,
        }
    }

    /// Whether the bucket that this key belongs to is among them.
    pub(super) fn owns(&self, key: Fingerprint) -> bool {
        self.position(key).is_some()
    }

    /// What is known of a key, if anything is.
    pub(super) fn known(&self, key: Fingerprint) -> Option<State> {
        let bucket = &self.guards[self.guard(key)].1;
        bucket.position(key).map(|way| bucket.state(way))
    }

    /// Where a key stands that is to be counted. That its bucket is crowded is kept in mind.
    pub(super) fn find(&mut self, key: Fingerprint, now: u64) -> Found {
        let guard = self.guard(key);
        let found = self.guards[guard].1.find(key, now);
        if matches!(found, Found::Crowded(_) | Found::Full(_)) {
            self.crowded = Some(guard);
        }
        found
    }

    /// The position of a bucket that was found crowded.
    pub(super) fn crowded(&self) -> Option<usize> {
        self.crowded
    }

    pub(super) fn guards(&mut self) -> &mut [Guard<'a>] {
        &mut self.guards
    }

    /// What is known of a key that is to be counted.
    ///
    /// # Errors
    ///
    /// The time before which there is no place for a new key.
    pub(super) fn state(&mut self, key: Fingerprint, now: u64) -> Result<State, u64> {
        match self.find(key, now) {
            Found::Here(way) => Ok(self.bucket(key).state(way)),
            Found::Room(_) | Found::Crowded(_) => Ok(State::default()),
            Found::Full(until) => {
                warn_once_about_no_room();
                Err(until)
            }
        }
    }

    /// Writes what is known of a key; a new key takes the place that [`state`](Self::state) has found.
    pub(super) fn set(&mut self, key: Fingerprint, now: u64, state: State) {
        let guard = self.guard(key);
        let bucket = &mut self.guards[guard].1;
        if let Found::Here(way) | Found::Room(way) | Found::Crowded(way) = bucket.find(key, now) {
            let undo = bucket.set(way, key, state);
            self.undo.push((guard, undo));
        }
    }

    /// The bucket of a key, for whoever keeps the undoing of what is written there by [`remember`](Self::remember).
    pub(super) fn bucket(&mut self, key: Fingerprint) -> &mut Bucket {
        let guard = self.guard(key);
        &mut self.guards[guard].1
    }

    /// Makes what was written to the bucket of a key a part of what [`roll_back`](Self::roll_back) takes back.
    pub(super) fn remember(&mut self, key: Fingerprint, undo: Option<Undo>) {
        let guard = self.guard(key);
        self.undo.extend(undo.map(|undo| (guard, undo)));
    }

    /// Takes back all that was written.
    pub(super) fn roll_back(&mut self) {
        while let Some((guard, undo)) = self.undo.pop() {
            self.guards[guard].1.undo(&undo);
        }
    }

    /// Asked for keys that are owned only.
    fn guard(&self, key: Fingerprint) -> usize {
        self.position(key).unwrap_or(0)
    }

    fn position(&self, key: Fingerprint) -> Option<usize> {
        let mut guards = self.guards.iter();
        guards.position(|(number, bucket)| owns(bucket, *number, key))
    }
}

/// Once: under a flood, a line for each request would be a flood of its own.
#[cold]
pub(super) fn warn_once_about_no_room() {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            "no memory for another client: all in its bucket are over their limit, and it is refused; if this is no attack, \
             give the limiter or the lockout a larger bound"
        );
    });
}
