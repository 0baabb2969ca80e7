//! Proving once more who one is.

use std::fmt;

use http::HeaderValue;
use portcullis_core::{AuthUser, Denial, Timestamp};
use portcullis_jwt::{IssuedToken, Revocation};
use portcullis_session::AuthRecord;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::attempt::Attempt;
use super::second_factor::{Own, SecondFactor, with_factor};
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
    /// A code of the second factor: of the app, or a recovery code, so that who has lost the app can still turn the factor off.
    Code(&'a str),
}

impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(_) => f.write_str("Password(***)"),
            Self::Code(_) => f.write_str("Code(***)"),
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
    /// new one, in place of the old (AC-S2). After a code it has proved two factors.
    ///
    /// # Errors
    ///
    /// 401 `invalid_credentials` (wrong and locked alike), `invalid_code`, `unauthenticated`; 403 `key_not_allowed`, `forbidden` (for
    /// callers that have no session here); 429 `rate_limited`; 503 `busy`, `unavailable`.
    pub async fn reauthenticate(
        &self,
        caller: &AuthUser,
        proof: Proof<'_>,
    ) -> Result<Reauthenticated, Denial> {
        self.not_by_key(caller)?;
        let user = self.account_of(caller).await?;
        self.limit_user(user.id, &self.inner.limits.prove).await?;
        match proof {
            Proof::Password(password) => self.step_up_by_password(caller, &user, password).await,
            Proof::Code(code) => self.step_up_by_code(caller, &user, code).await,
        }
    }

    async fn step_up_by_password(
        &self,
        caller: &AuthUser,
        user: &User,
        password: &str,
    ) -> Result<Reauthenticated, Denial> {
        let attempt = Attempt {
            identifier: user.email.as_str(),
            password,
            user: Some(user),
            failed: AuditKind::Reauthenticated,
        };
        self.prove(&attempt).await?;
        let own = self.own_login(caller, user).await?;
        let own = own.with_methods(self.now(), |amr| {
            with_password(amr.iter().map(String::as_str))
        });
        let committed = self
            .commit(self.freshening(caller, user, &own).await?)
            .await;
        committed.map_err(|error| match error.conflict() {
            Some(Conflict::NotFound) => Denial::unauthenticated(),
            _ => error.into(),
        })?;
        self.freshened(user, &own, &["pwd"]).await
    }

    /// The code is used up in the commit that makes the login fresh.
    async fn step_up_by_code(
        &self,
        caller: &AuthUser,
        user: &User,
        code: &str,
    ) -> Result<Reauthenticated, Denial> {
        let own = self.own_login(caller, user).await?;
        let mut spent = self.judge_code(user, SecondFactor::of(code)).await?;
        let method = spent.method;
        let own = own.with_methods(self.now(), |amr| with_factor(amr, method));
        let mut changes = Vec::new();
        spent.put_into(&mut changes);
        changes.extend(self.freshening(caller, user, &own).await?);
        let committed = self.commit(changes).await;
        // The login has ended meanwhile.
        let has_ended = committed.as_ref().is_err_and(|error| {
            error.conflict() == Some(Conflict::NotFound) && !error.stands_before(1)
        });
        let settled = self.settle_code(user, spent, committed).await;
        settled.map_err(|denial| match has_ended {
            true => Denial::unauthenticated(),
            false => denial,
        })?;
        self.freshened(user, &own, &[method, "mfa"]).await
    }

    /// What is committed of a proof.
    async fn freshening(
        &self,
        caller: &AuthUser,
        user: &User,
        own: &Own,
    ) -> Result<Vec<Change>, Denial> {
        let entry = Entry::success(AuditKind::Reauthenticated);
        let mut changes = vec![self.audit(entry.by_caller(caller).to(user.id))?];
        let Own::Family(family) = own else {
            let login = self.cookie_login_of(caller, user).await?;
            changes.push(self.rotated(caller, user)?);
            changes.extend(self.end_id(&login));
            return Ok(changes);
        };
        changes.push(Change::ReauthenticateFamily {
            owner: user.reference(),
            id: family.id,
            at: family.authenticated_at,
            amr: family.amr.clone(),
            stamp: None,
        });
        changes.extend(caller.credential_id().map(|id| {
            Change::Revoke(Revocation::Token {
                id: id.to_owned(),
                until: self.inner.revoked_until(family.authenticated_at),
            })
        }));
        Ok(changes)
    }

    /// What the caller goes on with.
    async fn freshened(
        &self,
        user: &User,
        own: &Own,
        methods: &[&str],
    ) -> Result<Reauthenticated, Denial> {
        let (at, token, cookie) = match own {
            Own::Family(family) => {
                let token = self.access_token(user, family).await?;
                (family.authenticated_at, Some(token), None)
            }
            Own::Cookie => {
                let cookies = &self.realm.cookies;
                let methods = methods.iter().copied();
                let renewed = cookies.reauthenticate(&self.origin.head, methods).await?;
                (renewed.0.authenticated_at(), None, Some(renewed.1))
            }
        };
        Ok(Reauthenticated {
            fresh_until: at.saturating_add(FRESH),
            token,
            cookie,
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

/// These methods, and the password: a level once reached is carried (AC-R7).
pub(super) fn with_password<'a>(methods: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut all: Vec<String> = methods.map(str::to_owned).collect();
    if !all.iter().any(|method| method == "pwd") {
        all.push("pwd".to_owned());
    }
    all
}
