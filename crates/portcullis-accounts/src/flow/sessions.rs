//! The list of one's sessions, and ending one of them.

use std::fmt;
use std::net::IpAddr;

use portcullis_core::{AuthUser, Denial, Timestamp};
use portcullis_session::SessionSummary;
use serde::Serialize;

use super::refusals::not_found;
use crate::audit::Entry;
use crate::model::{AuditKind, Family, RecordId, User, UserRef};
use crate::store::{Change, Conflict};
use crate::users::Users;

/// One session in a user's list: a login by refresh tokens, or one by cookie. Nothing in it opens a session.
///
/// In JSON `{"id","current","createdAt","lastSeenAt","ip","userAgent","remember"}`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its public id (`sid`), to end it by.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When the login began.
    pub created_at: Timestamp,
    /// When it was last used: by a refresh, or within a minute or so by cookie.
    pub last_seen_at: Timestamp,
    /// From where it was used last (by a refresh), or begun (by cookie).
    #[serde(rename = "ip")]
    pub address: Option<IpAddr>,
    /// By which client, as it says.
    pub user_agent: Option<String>,
    /// Whether it outlives the browser.
    pub remember: bool,
}

impl fmt::Debug for SessionInfo {
    /// Neither address nor client.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInfo")
            .field("id", &self.id)
            .field("current", &self.current)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

impl From<Family> for SessionInfo {
    fn from(family: Family) -> Self {
        Self {
            id: family.id.to_string(),
            current: false,
            created_at: family.created_at,
            last_seen_at: family.rotated_at,
            address: family.address,
            user_agent: family.user_agent,
            remember: family.remember,
        }
    }
}

impl From<SessionSummary> for SessionInfo {
    fn from(summary: SessionSummary) -> Self {
        Self {
            id: summary.id,
            current: false,
            created_at: summary.created_at,
            last_seen_at: summary.last_seen_at,
            address: summary.address,
            user_agent: summary.user_agent,
            remember: summary.remember,
        }
    }
}

impl Users {
    /// The caller's live sessions, by token and by cookie, the one that began last first.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`; 403 `key_not_allowed`; 503 `unavailable`.
    pub async fn sessions(&self, caller: &AuthUser) -> Result<Vec<SessionInfo>, Denial> {
        self.not_by_key(caller)?;
        let user = self.account_of(caller).await?;
        let owner = user.reference();
        let families = self.inner.store.families(&owner, self.now()).await?;
        let families = families
            .into_iter()
            .filter(|family| family.stamp == user.stamp);
        let cookies = self.cookie_sessions(&owner).await?;
        let cookies = cookies.into_iter().map(SessionInfo::from);
        let mut all: Vec<_> = families.map(SessionInfo::from).chain(cookies).collect();
        for session in &mut all {
            session.current = caller.session_id() == Some(session.id.as_str());
        }
        all.sort_by_key(|session| std::cmp::Reverse(session.created_at));
        Ok(all)
    }

    /// The live sessions by cookie; those that their store has, though they have ended, are left out.
    async fn cookie_sessions(&self, owner: &UserRef) -> Result<Vec<SessionSummary>, Denial> {
        let mut listed = self.realm.cookies.list(&owner.session_owner()).await?;
        if !listed.is_empty() {
            let ended = self.inner.store.ended_sessions(owner).await?;
            listed.retain(|session| !ended.contains(&session.id));
        }
        Ok(listed)
    }

    /// Ends one of the caller's sessions, its access tokens with it. It may be the caller's own.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`; 403 `key_not_allowed`; 404 `not_found`, for another's session as well; 503 `unavailable`.
    pub async fn revoke_session(&self, caller: &AuthUser, id: &str) -> Result<(), Denial> {
        self.not_by_key(caller)?;
        let user = self.account_of(caller).await?;
        let entry = Entry::success(AuditKind::SessionRevoked)
            .by_caller(caller)
            .to(user.id)
            .session(id);
        if let Ok(family) = id.parse() {
            return self.revoke_family(user.id, family, entry).await;
        }
        self.revoke_by_cookie(&user, id, entry).await
    }

    /// The commit decides it, and the session is removed where it is kept; the other way round where it is just being given another id,
    /// and so is in no list.
    async fn revoke_by_cookie(&self, user: &User, sid: &str, entry: Entry) -> Result<(), Denial> {
        let (cookies, owner) = (&self.realm.cookies, user.reference().session_owner());
        let listed = cookies.list(&owner).await?;
        let ends_at = match listed.iter().find(|session| session.id == sid) {
            Some(session) => session.ends_at,
            None if cookies.revoke(&owner, sid).await? => self.latest_end(),
            None => return Err(not_found()),
        };
        let end = self.end_session(user.reference(), sid, ends_at);
        self.commit(vec![end, self.audit(entry)?]).await?;
        if let Err(error) = cookies.revoke(&owner, sid).await {
            tracing::warn!(session = sid, %error, "a dead session was not removed; it runs out by itself");
        }
        Ok(())
    }

    /// When the last session has ended that has begun by now.
    fn latest_end(&self) -> Timestamp {
        let settings = self.settings();
        let longest = settings
            .remembered
            .absolute()
            .max(settings.brief.absolute());
        self.now().saturating_add(longest)
    }

    async fn revoke_family(
        &self,
        owner: RecordId,
        id: RecordId,
        entry: Entry,
    ) -> Result<(), Denial> {
        let end = Change::EndFamily {
            owner: self.reference(owner),
            id,
            until: self.inner.revoked_until(self.now()),
        };
        match self.commit(vec![end, self.audit(entry)?]).await {
            Ok(_) => Ok(()),
            Err(error) if error.conflict() == Some(Conflict::NotFound) => Err(not_found()),
            Err(error) => Err(error.into()),
        }
    }
}
