//! The list of one's identities, and taking one off it.

use std::fmt;

use portcullis_core::{AuthUser, Denial, Timestamp};
use serde::Serialize;

use super::refusals::last_credential;
use crate::audit::Entry;
use crate::flow::refusals::not_found;
use crate::mail::Message;
use crate::model::{AuditKind, Identity, RecordId, TicketPurpose, User};
use crate::store::{Change, CommitError, Conflict};
use crate::users::Users;

/// One provider by which a user can log in.
///
/// In JSON `{"id","provider","email","createdAt","lastUsedAt"}`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IdentityInfo {
    /// Its id, to unlink it by.
    pub id: RecordId,
    /// The provider's name: `google`.
    pub provider: String,
    /// The address that the provider told last, to recognise the identity by.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it was last logged in by.
    pub last_used_at: Option<Timestamp>,
}

impl From<Identity> for IdentityInfo {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id,
            provider: identity.provider,
            email: identity.email,
            created_at: identity.created_at,
            last_used_at: identity.last_used_at,
        }
    }
}

impl fmt::Debug for IdentityInfo {
    /// No address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityInfo")
            .field("id", &self.id)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl Users {
    /// The caller's identities, the one that was linked first first.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`; 503 `unavailable`.
    pub async fn identities(&self, caller: &AuthUser) -> Result<Vec<IdentityInfo>, Denial> {
        let user = self.account_of(caller).await?;
        let all = self.inner.store.identities(&user.reference()).await?;
        Ok(all.into_iter().map(IdentityInfo::from).collect())
    }

    /// Takes an identity off the caller's account, and tells its owner by mail. What is half done of a login by a provider is off with it;
    /// sessions go on.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`, `reauthentication_required`; 403 `key_not_allowed`; 404 `not_found`, for another's identity as well; 409
    /// `last_credential`, where nothing would be left to log in by (AC-A8), `conflict`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn unlink(&self, caller: &AuthUser, id: &str) -> Result<(), Denial> {
        let user = self
            .fresh_account(caller, &self.inner.limits.manage)
            .await?;
        let id: RecordId = id.parse().map_err(|_| not_found())?;
        let all = self.inner.store.identities(&user.reference()).await?;
        let identity = all.into_iter().find(|found| found.id == id);
        let identity = identity.ok_or_else(not_found)?;
        let changes = self.unlinked(caller, &user, &identity)?;
        self.commit(changes).await.map_err(not_unlinked)?;
        Ok(())
    }

    fn unlinked(
        &self,
        caller: &AuthUser,
        user: &User,
        identity: &Identity,
    ) -> Result<Vec<Change>, Denial> {
        let owner = || user.reference();
        let entry = Entry::success(AuditKind::OauthUnlinked)
            .by_caller(caller)
            .to(user.id);
        let provider = self.inner.title_of(&identity.provider).to_owned();
        Ok(vec![
            self.while_logged_in(user),
            Change::DeleteIdentity {
                owner: owner(),
                id: identity.id,
            },
            Change::RequireCredential { owner: owner() },
            Change::DropTickets {
                owner: owner(),
                purposes: vec![TicketPurpose::OauthState, TicketPurpose::OauthCode],
            },
            self.audit(entry.detail(identity.provider.as_str()))?,
            self.mail(user, Message::IdentityUnlinked { provider })?,
        ])
    }
}

fn not_unlinked(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::LastCredential) => last_credential(),
        Some(Conflict::NotFound) => not_found(),
        _ => error.into(),
    }
}
