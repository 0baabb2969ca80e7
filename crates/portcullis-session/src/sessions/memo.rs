//! Reading a login and working out its rights costs more than all else of a request in a session. The text of a login is the
//! same from request to request, so what the last few thousand texts came to is remembered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis_core::{AuthUser, RoleMap};

use crate::AuthRecord;
use crate::mark;

/// How many logins are remembered: about 1 KiB each.
const SLOTS: usize = 4096;

/// Where the public id, which is random, begins in a text; see `mark`.
const TELLING: std::ops::Range<usize> = 17..33;

/// A fixed table: each text has one place, and the last one to come has it. It holds no decision: whether a session is there,
/// and within its limits, is asked anew each time.
pub(super) struct Memo {
    slots: Box<[Slot]>,
}

type Slot = Mutex<Option<Arc<Known>>>;

/// A text, and what it says.
pub(crate) struct Known {
    text: Box<str>,
    pub(crate) login: AuthRecord,
    pub(super) user: AuthUser,
}

impl Memo {
    pub(super) fn new() -> Self {
        Self {
            slots: std::iter::repeat_with(Slot::default).take(SLOTS).collect(),
        }
    }

    /// What a text says; `None` if it is not that of a login.
    pub(super) fn read(&self, text: &str, roles: &RoleMap) -> Option<Arc<Known>> {
        let slot = self.slot(text);
        let known = lock(slot).clone();
        if let Some(known) = known.filter(|known| *known.text == *text) {
            return Some(known);
        }
        let known = Arc::new(Known::read(text, roles)?);
        *lock(slot) = Some(Arc::clone(&known));
        Some(known)
    }

    /// FNV-1a over the telling part. Who finds two texts for one place gains that the one is read again.
    fn slot(&self, text: &str) -> &Slot {
        let telling = text.as_bytes().get(TELLING).unwrap_or_default();
        let hash = telling.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        &self.slots[(hash >> 32) as usize % SLOTS]
    }
}

impl Known {
    fn read(text: &str, roles: &RoleMap) -> Option<Self> {
        let login = mark::read_text(text).into_login()?;
        let user = login.to_user().role_map(roles.clone()).build();
        Some(Self {
            text: text.into(),
            login,
            user,
        })
    }
}

impl Clone for Memo {
    /// An empty one: it goes with settings that are about to change.
    fn clone(&self) -> Self {
        Self::new()
    }
}

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Arc<Known>>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
