//! The end of every login: the only place where a session begins.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use portcullis_core::{Denial, Timestamp};
use portcullis_jwt::{Grant, IssuedToken};
use portcullis_session::Login as SessionLogin;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::login::invalid_credentials;
use crate::audit::Entry;
use crate::demands::{mfa_required, shows_second_factor};
use crate::model::{AuditKind, Family, RecordId, User};
use crate::schemes::may_enter;
use crate::store::{Change, CommitError, Conflict};
use crate::token::RefreshToken;
use crate::users::{Mode, Users};
use crate::view::UserView;

/// Somebody who has proved who they are, by everything that was asked for. Only the flows of this folder make one, at the end of
/// their checks; without one there is no way to a session or a token.
pub(crate) struct Proven {
    pub(super) user: User,
    pub(super) amr: Vec<String>,
    pub(super) remember: bool,
    pub(super) mode: Mode,
    /// When, if not just now: a provider may vouch for somebody whom it has asked long ago.
    pub(super) proved_at: Option<Timestamp>,
}

/// When somebody proved who they are, where nobody says when: nothing takes it for fresh.
#[cfg(feature = "oauth")]
pub(super) const LONG_AGO: Timestamp = Timestamp::UNIX_EPOCH;

/// A login that has begun.
#[derive(Debug)]
#[non_exhaustive]
pub struct Session {
    /// Who is logged in.
    pub user: UserView,
    /// By what, from now on.
    pub credentials: Credentials,
    /// What is wrong with the password that was just right, as codes of a policy: `pwned`, where it is known from a breach
    /// (AC-H9). Ask the user for another one.
    pub weak_password: Vec<String>,
    id: String,
    device: Option<HeaderValue>,
    trusted: Option<HeaderValue>,
}

impl Session {
    pub(super) fn new(id: impl Into<String>, user: UserView, credentials: Credentials) -> Self {
        Self {
            user,
            credentials,
            weak_password: Vec::new(),
            id: id.into(),
            device: None,
            trusted: None,
        }
    }

    /// Gives the cookie with it by which the device is spared the second factor.
    pub(super) fn trust(&mut self, cookie: Option<HeaderValue>) {
        self.trusted = cookie;
    }

    /// The session's public id (`sid`), by which it stands in the user's list.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// All `Set-Cookie` values that the answer must carry: the session's, the one by which the device is known again, and the one by
    /// which it is trusted, where that was asked for. Where there are tokens, only that last one.
    pub fn cookies(&self) -> impl Iterator<Item = &HeaderValue> {
        let session = match &self.credentials {
            Credentials::Cookie(cookie) => Some(cookie),
            Credentials::Tokens(_) => None,
        };
        session.into_iter().chain(&self.device).chain(&self.trusted)
    }
}

/// Why no session has begun.
pub(super) enum NotBegun {
    /// Something stood in the way of the changes that were to be made with it.
    Commit(CommitError),
    Denied(Denial),
}

impl From<Denial> for NotBegun {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<NotBegun> for Denial {
    fn from(refused: NotBegun) -> Self {
        match refused {
            // The account has gone while its owner proved who they are.
            NotBegun::Commit(error) if error.conflict() == Some(Conflict::NotFound) => {
                invalid_credentials()
            }
            NotBegun::Commit(error) => error.into(),
            NotBegun::Denied(denial) => denial,
        }
    }
}

/// What a login gave.
#[derive(Debug)]
pub enum Credentials {
    /// Tokens, for the caller to keep.
    Tokens(Tokens),
    /// A `Set-Cookie` value, for the browser to keep; [`Session::cookies`] has all that there are.
    Cookie(HeaderValue),
}

/// An access token and the refresh token for the next. `Debug` shows neither.
pub struct Tokens {
    access: IssuedToken,
    refresh: Zeroizing<String>,
    expires_in: Duration,
}

impl Tokens {
    pub(crate) fn new(
        access: IssuedToken,
        refresh: Zeroizing<String>,
        expires_in: Duration,
    ) -> Self {
        Self {
            access,
            refresh,
            expires_in,
        }
    }

    /// The access token, a JWT.
    #[must_use]
    pub fn access(&self) -> &str {
        self.access.as_str()
    }

    /// The refresh token: `rt_` and base64url.
    #[must_use]
    pub fn refresh(&self) -> &str {
        &self.refresh
    }

    /// For how long the access token is good.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Serialize for Session {
    /// As the API has it: `{"user","token","tokenType","expiresIn","refreshToken"}`, or `{"user"}` where there is a cookie; with
    /// `"weakPassword":{"reasons":["pwned"]}` where the password should be replaced.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.body().serialize(serializer)
    }
}

impl Session {
    pub(super) fn body(&self) -> Value {
        let mut body = match &self.credentials {
            Credentials::Cookie(_) => json!({ "user": self.user }),
            Credentials::Tokens(tokens) => json!({
                "user": self.user,
                "token": tokens.access(),
                "tokenType": "Bearer",
                "expiresIn": tokens.expires_in.as_secs(),
                "refreshToken": tokens.refresh(),
            }),
        };
        if !self.weak_password.is_empty() {
            body["weakPassword"] = json!({ "reasons": self.weak_password });
        }
        body
    }
}

impl Users {
    /// Begins a session. `changes` are committed with it: what the flow has found out, and its entry in the audit trail.
    pub(crate) async fn begin(
        &self,
        proven: Proven,
        changes: Vec<Change>,
    ) -> Result<Session, Denial> {
        Ok(self.try_begin(proven, changes).await?)
    }

    /// The same, where the flow answers itself for what stands in the way of its changes.
    pub(super) async fn try_begin(
        &self,
        proven: Proven,
        changes: Vec<Change>,
    ) -> Result<Session, NotBegun> {
        self.require_both_factors(&proven)?;
        match proven.mode {
            Mode::Token => self.begin_family(&proven, changes).await,
            Mode::Cookie => self.begin_cookie(&proven, changes).await,
        }
    }

    /// Whatever way has led here: where a second factor is asked for, there is no session without one (OWASP ASVS 6.3.4).
    fn require_both_factors(&self, proven: &Proven) -> Result<(), Denial> {
        let user = &proven.user;
        let is_asked_for = user.mfa_since.is_some() || self.settings().demands_mfa(user);
        match is_asked_for && !shows_second_factor(proven.amr.iter().map(String::as_str)) {
            true => Err(mfa_required()),
            false => Ok(()),
        }
    }

    async fn begin_family(
        &self,
        proven: &Proven,
        mut changes: Vec<Change>,
    ) -> Result<Session, NotBegun> {
        self.inner.ready_to_sign().await?;
        let family = self.new_family(proven, self.now())?;
        let id = family.id.to_string();
        let created = Entry::success(AuditKind::SessionCreated).by(&proven.user);
        changes.push(Change::InsertFamily(Box::new(family.clone())));
        changes.push(self.audit(created.session(id.as_str()))?);
        self.commit(changes).await.map_err(NotBegun::Commit)?;
        let user = self.unchanged(&family).await?;
        let tokens = self.tokens(&user, &family).await?;
        let credentials = Credentials::Tokens(tokens);
        Ok(Session::new(id, self.view(&user), credentials))
    }

    /// The owner of a family that has just begun, as the account is now. Proving who one is takes time: what has happened to the
    /// account meanwhile may have ended all sessions before this one was there to be ended.
    async fn unchanged(&self, family: &Family) -> Result<User, Denial> {
        let user = self.inner.store.user(&family.owner).await?;
        let is_unchanged =
            |user: &User| user.stamp == family.stamp && may_enter(user, self.settings());
        if let Some(user) = user.filter(is_unchanged) {
            return Ok(user);
        }
        let entry = Entry::success(AuditKind::SessionRevoked).reason("account_changed");
        self.end_family(family, entry).await?;
        Err(invalid_credentials())
    }

    fn new_family(&self, proven: &Proven, now: Timestamp) -> Result<Family, Denial> {
        let limits = match proven.remember {
            true => &self.settings().remembered,
            false => &self.settings().brief,
        };
        Ok(Family {
            id: RecordId::new(now)?,
            owner: proven.user.reference(),
            stamp: proven.user.stamp.clone(),
            generation: 0,
            rotated_at: now,
            created_at: now,
            authenticated_at: proven.proved_at.unwrap_or(now),
            ends_at: now.saturating_add(limits.absolute()),
            idle: limits.idle(),
            amr: proven.amr.clone(),
            remember: proven.remember,
            address: self.origin.address(),
            user_agent: self.origin.user_agent.clone(),
        })
    }

    async fn begin_cookie(
        &self,
        proven: &Proven,
        mut changes: Vec<Change>,
    ) -> Result<Session, NotBegun> {
        changes.push(self.audit(Entry::success(AuditKind::SessionCreated).by(&proven.user))?);
        changes.extend(self.replaced_login().await?);
        self.commit(changes).await.map_err(NotBegun::Commit)?;
        let login = self.session_login(proven);
        let begun = self.realm.cookies.login(&self.origin.head, login).await;
        let (login, cookie) = begun.map_err(Denial::from)?;
        let credentials = Credentials::Cookie(cookie);
        Ok(Session {
            device: self.device_cookie(&proven.user),
            ..Session::new(login.sid(), self.view(&proven.user), credentials)
        })
    }

    /// The changes that end the session which the browser came with: a login takes its place.
    async fn replaced_login(&self) -> Result<Vec<Change>, Denial> {
        if !self.has_session_cookie() {
            return Ok(Vec::new());
        }
        let logins = self.realm.cookies.presented(&self.origin.head).await?;
        Ok(logins
            .iter()
            .filter_map(|login| self.end_login(login))
            .collect())
    }

    fn session_login(&self, proven: &Proven) -> SessionLogin {
        let user = &proven.user;
        let mut login = SessionLogin::new(user.id.to_string())
            .collection(self.collection())
            .remember(proven.remember)
            .amr(proven.amr.iter().map(String::as_str))
            .roles(user.roles.iter().map(String::as_str))
            .permissions(user.permissions.iter().map(String::as_str))
            .email(user.email.as_str(), user.verified)
            .stamp(user.stamp.as_str());
        if let Some(at) = proven.proved_at {
            login = login.authenticated_at(at);
        }
        if let Some(address) = self.origin.address() {
            login = login.address(address);
        }
        match &self.origin.user_agent {
            Some(agent) => login.user_agent(agent),
            None => login,
        }
    }

    /// The tokens of a family as it is now.
    pub(crate) async fn tokens(&self, user: &User, family: &Family) -> Result<Tokens, Denial> {
        let access = self.access_token(user, family).await?;
        let refresh = RefreshToken::of(family).write(&self.inner.secrets, family.created_at);
        let expires_in = access
            .expires_at()
            .saturating_duration_since(access.issued_at());
        Ok(Tokens::new(access, refresh, expires_in))
    }

    /// An access token of a family: with the rights that its user has now, and the proof that the family was begun with.
    pub(crate) async fn access_token(
        &self,
        user: &User,
        family: &Family,
    ) -> Result<IssuedToken, Denial> {
        self.inner.ready_to_sign().await?;
        let grant = Grant::access(user.id.to_string())
            .session(family.id.to_string())
            .amr(family.amr.iter().map(String::as_str))
            .email(user.email.as_str(), user.verified)
            .issued_after(user.rights_changed_at);
        let grant = match family.authenticated_at {
            // Nobody knows, so nothing is said.
            Timestamp::UNIX_EPOCH => grant,
            at => grant.authenticated_at(at),
        };
        let private = json!({
            "collection": self.collection(),
            "roles": user.roles,
            "permissions": user.permissions,
        });
        self.inner
            .issuer
            .issue_with(&grant, &private)
            .map_err(|error| {
                tracing::error!(%error, "an access token could not be issued");
                Denial::unavailable()
            })
    }
}
