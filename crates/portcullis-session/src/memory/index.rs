use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use portcullis_core::Timestamp;

use crate::{AuthRecord, SessionDigest, SessionOwner};

/// How long a login may be between two ids: as long as the slowest request that changes its id. Later it is over.
const BETWEEN_IDS: Duration = Duration::from_secs(10 * 60);

/// Which logins there are, by owner and public id.
#[derive(Default)]
pub(super) struct Index {
    owners: HashMap<SessionOwner, HashMap<String, Place>>,
    /// Those between two ids, in the order in which they give up.
    moving: VecDeque<(Timestamp, SessionOwner, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Live(SessionDigest),
    /// Its old id is gone and its new one is not there yet; at this moment it gives up.
    Moving(Timestamp),
}

impl Index {
    /// Enters a login under its first or its next id. Says no to one that is over, or that is there already.
    pub(super) fn enter(
        &mut self,
        login: &AuthRecord,
        digest: SessionDigest,
        now: Timestamp,
    ) -> bool {
        self.give_up(now);
        let logins = self.owners.entry(login.owner()).or_default();
        let is_moving = matches!(logins.get(login.sid()), Some(Place::Moving(_)));
        let may_enter = match login.generation() {
            0 => !logins.contains_key(login.sid()),
            _ => is_moving,
        };
        if may_enter {
            logins.insert(login.sid().to_owned(), Place::Live(digest));
        } else if logins.is_empty() {
            self.owners.remove(&login.owner());
        }
        may_enter
    }

    /// Notes that the id of a login is gone, and that another may follow.
    pub(super) fn depart(&mut self, login: &AuthRecord, digest: &SessionDigest, now: Timestamp) {
        self.give_up(now);
        let until = now.saturating_add(BETWEEN_IDS);
        let place = self
            .owners
            .get_mut(&login.owner())
            .and_then(|logins| logins.get_mut(login.sid()));
        if let Some(place) = place.filter(|place| **place == Place::Live(*digest)) {
            *place = Place::Moving(until);
            self.moving
                .push_back((until, login.owner(), login.sid().to_owned()));
        }
    }

    /// Forgets a login that was last seen under this id.
    pub(super) fn forget(&mut self, login: &AuthRecord, digest: &SessionDigest) {
        self.remove_if(&login.owner(), login.sid(), Place::Live(*digest));
    }

    /// Ends one login, and says where it was.
    pub(super) fn end(&mut self, owner: &SessionOwner, sid: &str) -> Option<Place> {
        let logins = self.owners.get_mut(owner)?;
        let place = logins.remove(sid)?;
        if logins.is_empty() {
            self.owners.remove(owner);
        }
        Some(place)
    }

    /// The public ids of a user's logins, those between two ids among them.
    pub(super) fn sids(&self, owner: &SessionOwner) -> Vec<String> {
        self.owners
            .get(owner)
            .map(|logins| logins.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Under which ids a user's logins live.
    pub(super) fn live(&self, owner: &SessionOwner) -> Vec<SessionDigest> {
        let logins = self.owners.get(owner).into_iter().flat_map(HashMap::values);
        logins.filter_map(|place| place.digest()).collect()
    }

    /// Ends the logins that have been between two ids for too long.
    pub(super) fn give_up(&mut self, now: Timestamp) {
        while self.moving.front().is_some_and(|(until, ..)| *until <= now) {
            if let Some((until, owner, sid)) = self.moving.pop_front() {
                self.remove_if(&owner, &sid, Place::Moving(until));
            }
        }
    }

    fn remove_if(&mut self, owner: &SessionOwner, sid: &str, place: Place) {
        let Some(logins) = self.owners.get_mut(owner) else {
            return;
        };
        if logins.get(sid) == Some(&place) {
            logins.remove(sid);
        }
        if logins.is_empty() {
            self.owners.remove(owner);
        }
    }
}

impl Place {
    /// The id under which it lives, if it is not between two.
    pub(super) fn digest(self) -> Option<SessionDigest> {
        match self {
            Self::Live(digest) => Some(digest),
            Self::Moving(_) => None,
        }
    }
}
