//! Proving once more who one is.

use std::fmt;

use http::HeaderValue;
use portcullis_core::{AuthUser, Denial, Timestamp};
use portcullis_jwt::{IssuedToken, Revocation};
use portcullis_session::AuthRecord;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::attempt::Attempt;
use super::logout::{Means, means_of};
use crate::audit::Entry;
use crate::model::{AuditKind, Family, RecordId, User};
use crate::store::{Change, Conflict};
use crate::users::{FRESH, Users};

/// What somebody proves by who they are. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Proof<'a> {
    /// The account's password.
    Password(&'a str),
}

impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(_) => f.write_str("Password(***)"),
        }
    }
}

/// A login that is fresh again.
///
/// In JSON `{"freshUntil"}`, and `token` and `expiresIn` where the login is by tokens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reauthenticated {
    /// Until when it counts as fresh.
    pub fresh_until: Timestamp,
    /// An access token that says so, in place of the caller's, which is nothing from now on.
    pub token: Option<IssuedToken>,
    /// A `Set-Cookie` value, where the login is by cookie: the session's id is new.
    pub cookie: Option<HeaderValue>,
}

impl Serialize for Reauthenticated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = json!({ "freshUntil": self.fresh_until });
        if let Some(token) = &self.token {
            let life = token
                .expires_at()
                .saturating_duration_since(token.issued_at());
            body["token"] = token.as_str().into();
            body["expiresIn"] = life.as_secs().into();
        }
        body.serialize(serializer)
    }
}

impl Users {
    /// Proves once more who the caller is: the session is then fresh for ten minutes (AC-M3), and its access token or cookie a
    /// new one, in place of the old (AC-S2).
    ///
    /// # Errors
    ///
    /// 401 `invalid_credentials` (wrong and locked alike), `unauthenticated`; 403 `key_not_allowed`, `forbidden` (for callers that
    /// have no session here); 429 `rate_limited`; 503 `busy`, `unavailable`.
    pub async fn reauthenticate(
        &self,
        caller: &AuthUser,
        proof: Proof<'_>,
    ) -> Result<Reauthenticated, Denial> {
        self.not_by_key(caller)?;
        let user = self.account_of(caller).await?;
        self.limit_user(user.id, &self.inner.limits.prove).await?;
        let Proof::Password(password) = proof;
        let attempt = Attempt {
            identifier: user.email.as_str(),
            password,
            user: Some(&user),
            failed: AuditKind::Reauthenticated,
        };
        self.prove(&attempt).await?;
        match means_of(caller) {
            Means::Token => self.freshen_family(caller, &user).await,
            Means::Cookie => self.freshen_cookie(caller, &user).await,
            Means::Other => Err(Denial::forbidden()),
        }
    }

    async fn freshen_family(
        &self,
        caller: &AuthUser,
        user: &User,
    ) -> Result<Reauthenticated, Denial> {
        let family = self.family_of(caller, user).await?;
        let now = self.now();
        let family = Family {
            authenticated_at: now,
            amr: with_password(family.amr.iter().map(String::as_str)),
            ..family
        };
        let mut changes = vec![
            Change::ReauthenticateFamily {
                owner: user.reference(),
                id: family.id,
                at: now,
                amr: family.amr.clone(),
                stamp: None,
            },
            self.audit(reauthenticated(caller, user))?,
        ];
        changes.extend(caller.credential_id().map(|id| {
            Change::Revoke(Revocation::Token {
                id: id.to_owned(),
                until: self.inner.revoked_until(now),
            })
        }));
        self.commit(changes)
            .await
            .map_err(|error| match error.conflict() {
                Some(Conflict::NotFound) => Denial::unauthenticated(),
                _ => error.into(),
            })?;
        Ok(Reauthenticated {
            fresh_until: now.saturating_add(FRESH),
            token: Some(self.access_token(user, &family)?),
            cookie: None,
        })
    }

    /// The family that the caller's access token belongs to.
    pub(super) async fn family_of(&self, caller: &AuthUser, user: &User) -> Result<Family, Denial> {
        let id: Option<RecordId> = caller.session_id().and_then(|sid| sid.parse().ok());
        let id = id.ok_or_else(Denial::unauthenticated)?;
        let is_good = |family: &Family| {
            family.owner == user.reference()
                && family.stamp == user.stamp
                && family.is_live(self.now())
        };
        let family = self.inner.store.family(id).await?.filter(is_good);
        family.ok_or_else(Denial::unauthenticated)
    }

    async fn freshen_cookie(
        &self,
        caller: &AuthUser,
        user: &User,
    ) -> Result<Reauthenticated, Denial> {
        self.cookie_login_of(caller, user).await?;
        self.record(reauthenticated(caller, user)).await?;
        let cookies = &self.realm.cookies;
        let (login, cookie) = cookies.reauthenticate(&self.origin.head, ["pwd"]).await?;
        Ok(Reauthenticated {
            fresh_until: login.authenticated_at().saturating_add(FRESH),
            token: None,
            cookie: Some(cookie),
        })
    }

    /// The login behind the request's cookie, which must be the caller's own.
    pub(super) async fn cookie_login_of(
        &self,
        caller: &AuthUser,
        user: &User,
    ) -> Result<AuthRecord, Denial> {
        let is_own = |login: &AuthRecord| {
            caller.session_id() == Some(login.sid())
                && login.owner() == user.reference().session_owner()
                && login.stamp() == Some(user.stamp.as_str())
        };
        let login = self.realm.cookies.current(&self.origin.head).await?;
        login.filter(is_own).ok_or_else(Denial::unauthenticated)
    }
}

fn reauthenticated(caller: &AuthUser, user: &User) -> Entry {
    Entry::success(AuditKind::Reauthenticated)
        .by_caller(caller)
        .to(user.id)
}

/// These methods, and the password: a level once reached is carried (AC-R7).
pub(super) fn with_password<'a>(methods: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut all: Vec<String> = methods.map(str::to_owned).collect();
    if !all.iter().any(|method| method == "pwd") {
        all.push("pwd".to_owned());
    }
    all
}
