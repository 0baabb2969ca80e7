//! Logging out: here, or everywhere.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use portcullis_core::{Attempt, AuthUser, Denial, SchemeName};
use portcullis_jwt::Revocation;
use portcullis_session::AuthRecord;

use super::register::new_stamp;
use crate::audit::Entry;
use crate::model::{AuditKind, Family, RecordId, User, UserRef};
use crate::store::{Change, Conflict, UserUpdate};
use crate::token::RefreshToken;
use crate::users::Users;

/// What of a login there is to end.
#[derive(Clone, Copy, Default)]
pub struct Logout<'a> {
    /// A refresh token of the login.
    pub refresh_token: Option<&'a str>,
    /// Who is calling, where somebody is known to be.
    pub caller: Option<&'a AuthUser>,
}

impl fmt::Debug for Logout<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logout")
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("caller", &self.caller.map(AuthUser::id))
            .finish()
    }
}

/// What came of logging out.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct LoggedOut {
    /// A `Set-Cookie` value that takes the session cookie back, where the request carried one.
    pub cookie: Option<HeaderValue>,
}

impl Users {
    /// Ends a login: that of the refresh token, that of the caller's access token, and that of the session cookie which the
    /// request carried; as many of them as there are.
    ///
    /// Any number of times, and without a login as well: then there is nothing to end (AC-S7). The access tokens of a login that
    /// ends are nothing from now on.
    ///
    /// # Errors
    ///
    /// 503 `unavailable`: then the login may not have ended.
    pub async fn logout(&self, logout: Logout<'_>) -> Result<LoggedOut, Denial> {
        if let Some(token) = logout.refresh_token {
            self.end_by_refresh_token(token).await?;
        }
        match (logout.caller, self.bearer()) {
            (Some(caller), _) => self.end_by_access_token(caller).await?,
            // A login that is let in nowhere, for lack of a second factor, has to end all the same.
            (None, Some(bearer)) => self.end_by_bearer(bearer).await?,
            (None, None) => {}
        }
        let cookie = self.end_by_cookie().await?;
        Ok(LoggedOut { cookie })
    }

    /// Ends the login that a token belongs to, a refresh token or an access token. One that is not good any more, or never was,
    /// has no login to end.
    ///
    /// # Errors
    ///
    /// 503 `unavailable`: then the login may not have ended.
    pub async fn logout_token(&self, token: &str) -> Result<(), Denial> {
        if RefreshToken::read(token).is_some() {
            return self.end_by_refresh_token(token).await;
        }
        match HeaderValue::try_from(format!("Bearer {token}")) {
            Ok(bearer) => self.end_by_bearer(bearer).await,
            Err(_) => Ok(()),
        }
    }

    /// Ends all logins of the caller, by token and by cookie, or all but this one. Says how many have ended.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`; 403 `key_not_allowed`; 503 `unavailable`.
    pub async fn logout_all(&self, caller: &AuthUser, keep_current: bool) -> Result<u64, Denial> {
        self.not_by_key(caller)?;
        let user = self.account_of(caller).await?;
        match keep_current {
            true => self.end_other_logins(&user, caller).await,
            false => self.end_every_login(&user, caller).await,
        }
    }

    async fn end_by_refresh_token(&self, token: &str) -> Result<(), Denial> {
        let Some(presented) = RefreshToken::read(token) else {
            return Ok(());
        };
        if let Some(family) = self.genuine_family(&presented).await? {
            self.end_family(&family, Entry::success(AuditKind::Logout))
                .await?;
        }
        Ok(())
    }

    /// Ends the family that an access token belongs to; where it is gone, the tokens that are left of it.
    async fn end_by_access_token(&self, caller: &AuthUser) -> Result<(), Denial> {
        let Ok(user) = self.id_of(caller) else {
            return Ok(());
        };
        let Some(sid) = caller.session_id().filter(|_| is_by_token(caller)) else {
            return Ok(());
        };
        let until = self.inner.revoked_until(self.now());
        let gone = Change::Revoke(Revocation::Session {
            id: sid.to_owned(),
            until,
        });
        let Ok(id) = sid.parse() else {
            self.commit(vec![gone]).await?;
            return Ok(());
        };
        let owner = self.reference(user);
        let entry = Entry::success(AuditKind::Logout).by_caller(caller).to(user);
        let end = Change::EndFamily { owner, id, until };
        match self.commit(vec![end, self.audit(entry)?]).await {
            Err(error) if error.conflict() == Some(Conflict::NotFound) => {
                self.commit(vec![gone]).await?
            }
            other => other?,
        };
        Ok(())
    }

    /// Ends the session of the request's cookie, if it is one of this collection, and takes the cookie back. The commit decides it.
    async fn end_by_cookie(&self) -> Result<Option<HeaderValue>, Denial> {
        if !self.has_session_cookie() {
            return Ok(None);
        }
        let (cookies, head) = (&self.realm.cookies, &self.origin.head);
        let logins = match cookies.current(head).await? {
            Some(login) if login.collection() != self.collection() => return Ok(None),
            Some(login) => vec![login],
            // There may be several, or one that is past its limits.
            None => cookies.presented(head).await?,
        };
        let mut changes = Vec::new();
        for login in &logins {
            changes.extend(self.logged_out(login)?);
        }
        if !changes.is_empty() {
            self.commit(changes).await?;
        }
        Ok(Some(self.remove_session().await))
    }

    /// The changes that end a login by cookie.
    fn logged_out(&self, login: &AuthRecord) -> Result<Vec<Change>, Denial> {
        let Ok(user) = login.user().parse() else {
            return Ok(Vec::new());
        };
        let entry = Entry::success(AuditKind::Logout);
        let entry = self.audit(entry.to(user).session(login.sid()))?;
        Ok(self.end_login(login).into_iter().chain([entry]).collect())
    }

    /// Removes the session of the request's cookie, which has ended, and takes the cookie back.
    async fn remove_session(&self) -> HeaderValue {
        let cookies = &self.realm.cookies;
        match cookies.logout(&self.origin.head).await {
            Ok((_, cookie)) => cookie,
            Err(error) => {
                tracing::warn!(%error, "a dead session was not removed; it runs out by itself");
                cookies.removal()
            }
        }
    }

    /// The request's `Authorization`.
    fn bearer(&self) -> Option<HeaderValue> {
        self.origin.head.get(AUTHORIZATION).cloned()
    }

    async fn end_by_bearer(&self, bearer: HeaderValue) -> Result<(), Denial> {
        match self.bearer_of(bearer).await? {
            Some(caller) => self.end_by_access_token(&caller).await,
            None => Ok(()),
        }
    }

    /// Who an access token stands for, if it is good.
    async fn bearer_of(&self, bearer: HeaderValue) -> Result<Option<AuthUser>, Denial> {
        let request = Request::builder().header(AUTHORIZATION, bearer);
        let Ok(request) = request.body(()) else {
            return Ok(None);
        };
        let found = match self.inner.access.whose(&request.into_parts().0) {
            Attempt::Absent => Ok(None),
            Attempt::Ready(found) => found.map(Some),
            Attempt::Pending(found) => found.await,
        };
        found.or_else(|denial| match denial.status().is_server_error() {
            true => Err(denial),
            false => Ok(None),
        })
    }

    /// Ends all logins but the caller's. Sessions by cookie end one by one, with the commit; one that was just being given another id is in
    /// no list, so its removal must succeed.
    async fn end_other_logins(&self, user: &User, caller: &AuthUser) -> Result<u64, Denial> {
        let live = self.live_families(&user.reference()).await?;
        let current = caller.session_id().filter(|_| is_by_token(caller));
        let entry = Entry::success(AuditKind::LogoutAll).reason("others");
        let owner = user.reference().session_owner();
        let listed = self.realm.cookies.list(&owner).await?;
        let others = listed
            .iter()
            .filter(|session| caller.session_id() != Some(session.id.as_str()));
        let by_cookie = others.map(|one| self.end_session(user.reference(), &one.id, one.ends_at));
        let mut changes = vec![
            self.end_families(user, current.and_then(|sid| sid.parse().ok())),
            self.end_half_done(user),
            self.audit(entry.by_caller(caller).to(user.id))?,
        ];
        changes.extend(by_cookie);
        let ended = self.commit(changes).await?.ended;
        let cookies = self.realm.cookies.revoke_all(&owner, caller.session_id());
        Ok(count(&live, &ended).saturating_add(cookies.await?))
    }

    /// Ends all logins. The new stamp decides it, also for a login that is on its way.
    async fn end_every_login(&self, user: &User, caller: &AuthUser) -> Result<u64, Denial> {
        let live = self.live_families(&user.reference()).await?;
        let mut update = UserUpdate::new(user.reference(), self.now());
        update.stamp = Some(new_stamp()?);
        let entry = Entry::success(AuditKind::LogoutAll);
        let changes = vec![
            self.end_families(user, None),
            self.end_half_done(user),
            self.revoke_tokens(user, &mut update),
            Change::UpdateUser(Box::new(update)),
            self.audit(entry.by_caller(caller).to(user.id))?,
        ];
        let ended = self.commit(changes).await?.ended;
        let cookies = self.clean_up_sessions(user).await;
        Ok(count(&live, &ended).saturating_add(cookies))
    }

    /// The change that ends the logins by token of a user, their access tokens with them.
    pub(super) fn end_families(&self, user: &User, except: Option<RecordId>) -> Change {
        Change::EndFamilies {
            owner: user.reference(),
            except,
            until: self.inner.revoked_until(self.now()),
        }
    }

    /// The logins by token of a user that have not ended.
    pub(super) async fn live_families(&self, owner: &UserRef) -> Result<Vec<Family>, Denial> {
        Ok(self.inner.store.families(owner, self.now()).await?)
    }
}

/// What a caller came with, as far as it tells where the session is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// An access token: its session is a family.
    Token,
    /// A session cookie.
    Cookie,
    /// Something else, that has no session here.
    Other,
}

pub(super) fn means_of(caller: &AuthUser) -> Means {
    match caller.scheme() {
        scheme if *scheme == SchemeName::JWT => Means::Token,
        scheme if *scheme == SchemeName::SESSION => Means::Cookie,
        _ => Means::Other,
    }
}

fn is_by_token(caller: &AuthUser) -> bool {
    means_of(caller) == Means::Token
}

/// How many of the live ones have ended.
pub(super) fn count(live: &[Family], ended: &[RecordId]) -> u64 {
    let ended = live.iter().filter(|family| ended.contains(&family.id));
    ended.count() as u64
}
