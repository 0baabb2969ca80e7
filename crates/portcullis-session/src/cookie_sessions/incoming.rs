//! The session ids that a request's cookies bring.

use http::HeaderMap;
use portcullis_core::cookies;
use tower_sessions::session::Id;

use crate::cookie::ID_LENGTH;

/// A logout ends this many sessions at most: who sends more ids than that is no browser, and each costs the store a look.
const MOST: usize = 4;

/// The one id that the cookies of this name agree on. Those that hold no id are passed over; two different ids are none, since
/// nobody can say which of them the browser was given by us.
pub(super) fn session_id(headers: &HeaderMap, name: &str) -> Option<Id> {
    let mut ids = cookies(headers, name).filter_map(read);
    let first = ids.next()?;
    ids.all(|id| id == first).then_some(first)
}

/// The first few ids that the cookies of this name hold, each once.
pub(super) fn session_ids(headers: &HeaderMap, name: &str) -> Vec<Id> {
    let mut found = Vec::new();
    for id in cookies(headers, name).filter_map(read) {
        if found.len() < MOST && !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

fn read(value: &str) -> Option<Id> {
    let has_length = value.len() == ID_LENGTH;
    has_length.then(|| value.parse().ok()).flatten()
}
