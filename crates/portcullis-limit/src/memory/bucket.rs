use super::fingerprint::Fingerprint;
use crate::algorithm::State;

/// How many keys one bucket holds: as many as fit, with the lock, into six cache lines.
pub(super) const WAYS: usize = 9;

/// A few keys that share a lock: all those whose hash ends in the bucket's own number, as far as `depth` bits reach.
///
/// Places are taken in order and never given back, only taken over. So the search for a key ends at the first place that was
/// never taken, and in a table that is far from full it touches the first cache line alone.
#[derive(Debug)]
pub(super) struct Bucket {
    slots: [Slot; WAYS],
    pub(super) depth: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    tag: u64,
    place: u64,
    state: State,
}

impl Slot {
    fn is_of(&self, key: Fingerprint) -> bool {
        self.tag == key.tag && self.place == key.place
    }

    /// Whether no key has ever stood here. (A fingerprint of zeros would be taken for that: one of 2^128.)
    fn was_never_taken(&self) -> bool {
        self.tag == 0 && self.place == 0
    }
}

/// Where a key stands, or may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is there.
    Here(usize),
    /// It is not there, and may take this place, where nothing is lost.
    Room(usize),
    /// It is not there, and may take this place from a key that is not over its limit.
    Crowded(usize),
    /// It is not there, and all that are there are over their limit: the first of them at least until this time.
    Full(u64),
}

/// What stood somewhere before it was overwritten.
#[derive(Debug)]
pub(super) struct Undo {
    way: usize,
    slot: Slot,
}

impl Bucket {
    pub(super) fn new(depth: u32) -> Self {
        Self {
            slots: Default::default(),
            depth,
        }
    }

    #[inline]
    pub(super) fn find(&self, key: Fingerprint, now: u64) -> Found {
        for (way, slot) in self.slots.iter().enumerate() {
            if slot.is_of(key) {
                return Found::Here(way);
            }
            if slot.was_never_taken() {
                return Found::Room(self.first_fresh(now).unwrap_or(way));
            }
        }
        self.take_over(now)
    }

    pub(super) fn position(&self, key: Fingerprint) -> Option<usize> {
        self.slots.iter().position(|slot| slot.is_of(key))
    }

    /// The first place whose key is as good as new, or that has none.
    fn first_fresh(&self, now: u64) -> Option<usize> {
        let mut slots = self.slots.iter();
        slots.position(|slot| slot.state.fresh_at <= now)
    }

    /// Whoever is as good as new gives way; then whoever would be so soonest, but never one that is over its limit.
    fn take_over(&self, now: u64) -> Found {
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
        soonest.map_or(Found::Full(free_at), |(way, _)| Found::Crowded(way))
    }

    /// Moves the keys with the next bit set to a sibling, which is empty.
    pub(super) fn split_into(&mut self, sibling: &mut Self) {
        let bit = 1 << self.depth;
        let (mut staying, mut moving) = (0, 0);
        for slot in std::mem::take(&mut self.slots) {
            let (slots, way) = match slot.place & bit {
                0 => (&mut self.slots, &mut staying),
                _ => (&mut sibling.slots, &mut moving),
            };
            if !slot.was_never_taken() {
                slots[*way] = slot;
                *way += 1;
            }
        }
        self.depth += 1;
        sibling.depth = self.depth;
    }

    pub(super) fn state(&self, way: usize) -> State {
        self.slots[way].state
    }

    #[inline]
    pub(super) fn set(&mut self, way: usize, key: Fingerprint, state: State) -> Undo {
        let slot = Slot {
            tag: key.tag,
            place: key.place,
            state,
        };
        Undo {
            way,
            slot: std::mem::replace(&mut self.slots[way], slot),
        }
    }

    pub(super) fn undo(&mut self, undo: &Undo) {
        self.slots[undo.way] = undo.slot;
    }
}
