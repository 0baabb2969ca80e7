//! What a request's cookies bring.

use http::HeaderMap;
use portcullis_core::cookies;
use tower_sessions::session::Id;

use super::series::Token;
use crate::cookie::ID_LENGTH;

/// A logout ends this many sessions at most: who sends more ids than that is no browser, and each costs the store a look.
const MOST: usize = 4;

/// A cookie that can be read: `<id>`, or `<id>.<token>`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Presented {
    pub(super) id: Id,
    pub(super) token: Option<Token>,
}

impl Presented {
    /// What the cookies of this name agree on. Those that cannot be read are passed over; two that differ are none, since nobody
    /// can say which of them the browser was given by us.
    pub(super) fn find(headers: &HeaderMap, name: &str) -> Option<Self> {
        let mut readable = cookies(headers, name).filter_map(Self::read);
        let first = readable.next()?;
        readable.all(|other| other == first).then_some(first)
    }

    /// The first few ids that the cookies of this name hold, each once.
    pub(super) fn ids(headers: &HeaderMap, name: &str) -> Vec<Id> {
        let mut found = Vec::new();
        for presented in cookies(headers, name).filter_map(Self::read) {
            if found.len() < MOST && !found.contains(&presented.id) {
                found.push(presented.id);
            }
        }
        found
    }

    fn read(value: &str) -> Option<Self> {
        let (id, rest) = value.split_at_checked(ID_LENGTH)?;
        let token = match rest.strip_prefix('.') {
            Some(token) => Some(Token::parse(token)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        let id = id.parse().ok()?;
        Some(Self { id, token })
    }
}
