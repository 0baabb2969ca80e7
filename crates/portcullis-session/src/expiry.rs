use portcullis_core::Timestamp;
use time::OffsetDateTime;
use tower_sessions::Expiry;

use crate::AuthRecord;

/// What tower-sessions is told about a login's end: for a remembered one the time that is left, which becomes the cookie's
/// Max-Age; for others that the cookie goes with the browser.
pub(crate) fn expiry_of(login: &AuthRecord, now: Timestamp) -> Expiry {
    if !login.remember() {
        return Expiry::OnSessionEnd;
    }
    let left = login.expires_at().saturating_duration_since(now);
    Expiry::OnInactivity(left.try_into().unwrap_or(time::Duration::MAX))
}

/// A moment as tower-sessions writes it; what lies outside its calendar is put at its edge.
pub(crate) fn to_date(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::milliseconds(at.unix_millis()))
}
