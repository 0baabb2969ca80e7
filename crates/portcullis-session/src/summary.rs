use std::fmt;
use std::net::IpAddr;

use portcullis_core::Timestamp;
use serde::Serialize;

/// One line of a user's list of sessions. Nothing in it opens a session.
///
/// In JSON an object in camelCase, times in RFC 3339.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SessionSummary {
    /// The public id (`sid`), to revoke the session by.
    pub id: String,
    /// When the login began.
    pub created_at: Timestamp,
    /// When the user last proved who they are.
    pub authenticated_at: Timestamp,
    /// When the session was last used, to within the touch interval.
    pub last_seen_at: Timestamp,
    /// When it ends if it is not used any more.
    pub expires_at: Timestamp,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
    /// Whether it outlives the browser.
    pub remember: bool,
    /// The methods by which the user was authenticated.
    pub amr: Vec<String>,
    /// The address that the user logged in from, where it was noted.
    #[serde(rename = "ip")]
    pub address: Option<IpAddr>,
    /// The browser's `User-Agent` at login, where it was noted.
    pub user_agent: Option<String>,
}

impl fmt::Debug for SessionSummary {
    /// Neither address nor browser.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSummary")
            .field("id", &self.id)
            .field("created_at", &self.created_at)
            .field("last_seen_at", &self.last_seen_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
