use super::fingerprint::Fingerprint;
use crate::algorithm::State;

/// How many keys one bucket holds.
pub(super) const WAYS: usize = 8;

/// A few keys that share a lock. The tags lie together, so that looking for a key touches few cache lines.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    tags: [u64; WAYS],
    slots: [Slot; WAYS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    place: u64,
    state: State,
}

/// Where a key stands, or may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is there.
    Here(usize),
    /// It is not there, and may take this place.
    Room(usize),
    /// It is not there, and all that are there are over their limit: the first of them at least until this time.
    Full(u64),
}

/// What stood somewhere before it was overwritten.
#[derive(Debug)]
pub(super) struct Undo {
    way: usize,
    tag: u64,
    slot: Slot,
}

impl Bucket {
    pub(super) fn find(&self, key: Fingerprint, now: u64) -> Found {
        match self.position(key) {
            Some(way) => Found::Here(way),
            None => self.make_room(now),
        }
    }

    pub(super) fn position(&self, key: Fingerprint) -> Option<usize> {
        let mut tags = self.tags.iter().zip(&self.slots);
        tags.position(|(&tag, slot)| tag == key.tag && slot.place == key.place)
    }

    /// Whoever is as good as new gives way; then whoever would be so soonest, but never one that is over its limit.
    fn make_room(&self, now: u64) -> Found {
        let mut soonest = None;
        let mut free_at = u64::MAX;
        for (way, Slot { state, .. }) in self.slots.iter().enumerate() {
            if state.fresh_at <= now {
                return Found::Room(way);
            }
            free_at = free_at.min(state.free_at);
            let is_sooner = soonest.is_none_or(|(_, fresh_at)| state.fresh_at < fresh_at);
            if state.free_at <= now && is_sooner {
                soonest = Some((way, state.fresh_at));
            }
        }
        soonest.map_or(Found::Full(free_at), |(way, _)| Found::Room(way))
    }

    pub(super) fn state(&self, way: usize) -> State {
        self.slots[way].state
    }

    pub(super) fn set(&mut self, way: usize, key: Fingerprint, state: State) -> Undo {
        let slot = Slot {
            place: key.place,
            state,
        };
        Undo {
            way,
            tag: std::mem::replace(&mut self.tags[way], key.tag),
            slot: std::mem::replace(&mut self.slots[way], slot),
        }
    }

    pub(super) fn undo(&mut self, undo: &Undo) {
        self.tags[undo.way] = undo.tag;
        self.slots[undo.way] = undo.slot;
    }
}
