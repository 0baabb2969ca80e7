//! What operators see: an event and a count for each step. Public ids only.

use tower_sessions::session_store;

use crate::AuthRecord;

pub(crate) fn logged_in(login: &AuthRecord) {
    count("login");
    let (sid, collection) = (login.sid(), login.collection());
    tracing::info!(
        sid,
        ?collection,
        remember = login.remember(),
        "session began"
    );
}

pub(crate) fn logged_out(login: &AuthRecord) {
    count("logout");
    tracing::info!(sid = login.sid(), "session ended");
}

pub(crate) fn rotated(login: &AuthRecord) {
    count("rotated");
    tracing::info!(sid = login.sid(), "session id changed");
}

pub(crate) fn expired(login: &AuthRecord) {
    count("expired");
    tracing::debug!(sid = login.sid(), "session is past its limits");
}

/// The user loader knows nothing of this user any more.
pub(crate) fn turned_away(login: &AuthRecord) {
    count("turned_away");
    tracing::info!(sid = login.sid(), "session of a user who may not come in");
}

pub(crate) fn touched(login: &AuthRecord) {
    count("touched");
    tracing::trace!(sid = login.sid(), "session touched");
}

/// A cookie came back that the browser had long given up for its next one: two hold it. All sessions of the user have ended.
pub(crate) fn stolen(login: &AuthRecord, ended: u64) {
    count("stolen");
    let (sid, collection) = (login.sid(), login.collection());
    tracing::warn!(
        sid,
        ?collection,
        ended,
        "a remembered cookie was used twice over; all sessions of its user have ended"
    );
}

/// The store would not take the note of a use. Nothing hangs on it but the idle limit, which then counts from the note before.
pub(crate) fn touch_failed(login: &AuthRecord, error: &session_store::Error) {
    count("touch_failed");
    tracing::warn!(sid = login.sid(), %error, "the use of a session could not be noted");
}

/// A session that ended while a request was using it: its cookie is not sent again.
pub(crate) fn cookie_dropped() {
    count("cookie_dropped");
    tracing::debug!("the session ended during the request; its cookie is not refreshed");
}

#[cfg(feature = "metrics")]
fn count(event: &'static str) {
    metrics::counter!("portcullis_sessions_total", "event" => event).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_event: &'static str) {}
