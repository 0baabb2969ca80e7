use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use portcullis_core::{AuthUser, AuthUserBuilder, SchemeName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::login::owned;
use crate::{Login, SessionError, SessionLimits, SessionOwner, SessionSummary, secret};

/// A login, as it is kept in a session: who, since when, for how long, and with which rights.
///
/// It stands under one reserved key of the session's data; see [`AuthMark`](crate::AuthMark). Applications meet it in a
/// [`UserLoader`](crate::UserLoader) and as the answer of [`Sessions::login`](crate::Sessions::login); stores read it to know
/// whose session it is and when it ends.
///
/// Within one session id a record never changes but for the time of its last use. Whatever changes who is logged in, or with
/// which rights, comes with a new session id; so a slow request that saves an old copy cannot undo it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthRecord {
    sid: String,
    generation: u32,
    login: Login,
    #[serde(with = "millis")]
    created_at: Timestamp,
    #[serde(with = "millis")]
    authenticated_at: Timestamp,
    #[serde(with = "millis")]
    seen_at: Timestamp,
    #[serde(with = "millis")]
    ends_at: Timestamp,
    idle_millis: u64,
}

impl AuthRecord {
    /// Begins a login at `now`, under a new public id.
    ///
    /// [`Sessions::login`](crate::Sessions::login) does this; tests of stores may need it.
    ///
    /// # Errors
    ///
    /// If the operating system has no randomness to give.
    pub fn begin(
        mut login: Login,
        limits: &SessionLimits,
        now: Timestamp,
    ) -> Result<Self, SessionError> {
        let authenticated_at = login.authenticated_at.take().map_or(now, |at| at.min(now));
        Ok(Self {
            sid: secret::fresh_sid()?,
            generation: 0,
            login,
            created_at: now,
            authenticated_at,
            seen_at: now,
            ends_at: now.saturating_add(limits.absolute()),
            idle_millis: u64::try_from(limits.idle().as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The same login with one session id more to its count; for stores, when they create a row.
    #[must_use]
    pub fn next_generation(mut self) -> Self {
        self.generation = self.generation.saturating_add(1);
        self
    }

    /// How many session ids a store has given the login: 0 for a login that has just begun.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The public id of the login, for lists, logs and tokens that belong to it. It is not the cookie's value, opens nothing,
    /// and stays the same when the session id changes.
    #[must_use]
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// The user's id.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.login.user
    }

    /// The collection that the user's id belongs to.
    #[must_use]
    pub fn collection(&self) -> &str {
        &self.login.collection
    }

    /// Whose login this is.
    #[must_use]
    pub fn owner(&self) -> SessionOwner {
        SessionOwner::new(self.collection(), self.user())
    }

    /// Whether the login outlives the browser.
    #[must_use]
    pub fn remember(&self) -> bool {
        self.login.remember
    }

    /// The methods by which the user was authenticated.
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        self.login.amr.iter().map(String::as_str)
    }

    /// The roles as of login, or as of the last [`Sessions::change_rights`](crate::Sessions::change_rights).
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.login.roles.iter().map(String::as_str)
    }

    /// The permissions besides those of the roles, as of the same time.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.login.permissions.iter().map(String::as_str)
    }

    /// The user's security stamp as of login; see [`Login::stamp`].
    #[must_use]
    pub fn stamp(&self) -> Option<&str> {
        self.login.stamp.as_deref()
    }

    /// The address that the user logged in from, where it was noted.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.login.address
    }

    /// When the login began.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When the user last proved who they are (`auth_time`): at login, or at the last
    /// [`Sessions::reauthenticate`](crate::Sessions::reauthenticate). Being remembered does not move it.
    #[must_use]
    pub fn authenticated_at(&self) -> Timestamp {
        self.authenticated_at
    }

    /// When the login was last used, to within the touch interval; see [`Sessions`](crate::Sessions).
    #[must_use]
    pub fn seen_at(&self) -> Timestamp {
        self.seen_at
    }

    /// How long the login lasts without being used.
    #[must_use]
    pub fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_millis)
    }

    /// When the login ends if it is not used any more.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.seen_at.saturating_add(self.idle()).min(self.ends_at)
    }

    /// When the login ends, however much it is used.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// Whether neither limit is reached.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }

    /// What two copies of a login come to when the one is stored and the other is to be saved over it.
    ///
    /// This is the rule that keeps a slow request from undoing a login, a logout or a change of rights; every store applies
    /// it, atomically with the write:
    ///
    /// - Nobody is stored: nobody it remains. A login enters a session only when the session is *created*.
    /// - Nobody is to be saved: the login ends.
    /// - Both: what is stored stays, but the later time of use counts.
    #[must_use]
    pub fn merge(stored: Option<&Self>, incoming: Option<&Self>) -> Option<Self> {
        let (stored, incoming) = (stored?, incoming?);
        let mut merged = stored.clone();
        if incoming.sid == stored.sid {
            merged.seen_at = stored.seen_at.max(incoming.seen_at);
        }
        Some(merged)
    }

    /// What the user's list of sessions says of this one.
    #[must_use]
    pub fn summary(&self) -> SessionSummary {
        SessionSummary {
            id: self.sid.clone(),
            created_at: self.created_at,
            authenticated_at: self.authenticated_at,
            last_seen_at: self.seen_at,
            expires_at: self.expires_at(),
            ends_at: self.ends_at,
            remember: self.login.remember,
            amr: self.login.amr.clone(),
            address: self.login.address,
            user_agent: self.login.user_agent.clone(),
        }
    }

    /// Whether the last note of the login's use is at least `interval` old.
    pub(crate) fn is_touch_due(&self, now: Timestamp, interval: Duration) -> bool {
        now > self.seen_at && now.saturating_duration_since(self.seen_at) >= interval
    }

    /// The same login with a note that it is used now.
    pub(crate) fn touched_at(mut self, now: Timestamp) -> Self {
        self.seen_at = self.seen_at.max(now);
        self
    }

    /// Notes that the user has proved who they are once more.
    pub(crate) fn reauthenticate<'a>(
        &mut self,
        now: Timestamp,
        amr: impl IntoIterator<Item = &'a str>,
    ) {
        self.authenticated_at = now;
        self.login.add_amr(amr);
    }

    pub(crate) fn set_rights<'a>(
        &mut self,
        roles: impl IntoIterator<Item = &'a str>,
        permissions: impl IntoIterator<Item = &'a str>,
    ) {
        self.login.roles = owned(roles);
        self.login.permissions = owned(permissions);
    }

    pub(crate) fn set_stamp(&mut self, stamp: String) {
        self.login.stamp = Some(stamp);
    }

    /// The user that this record describes.
    pub(crate) fn to_user(&self) -> AuthUserBuilder {
        let login = &self.login;
        let user = AuthUser::builder(SchemeName::SESSION, login.user.as_str())
            .credential_id(self.sid.as_str())
            .session_id(self.sid.as_str())
            .roles(self.roles())
            .permissions(self.permissions())
            .amr(self.amr())
            .authenticated_at(self.authenticated_at)
            .expires_at(self.expires_at());
        let user = match login.collection.as_str() {
            "users" => user,
            other => user.collection(other.to_owned()),
        };
        match &login.email {
            Some(email) => user.email(email.as_str(), login.verified),
            None => user,
        }
    }
}

impl fmt::Debug for AuthRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRecord")
            .field("sid", &self.sid)
            .field("generation", &self.generation)
            .field("login", &self.login)
            .field("authenticated_at", &self.authenticated_at)
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

/// Moments in milliseconds: limits are compared to the millisecond, and RFC 3339 in whole seconds would lose them.
mod millis {
    use portcullis_core::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        at: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.unix_millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_unix_millis)
    }
}
