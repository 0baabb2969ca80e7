//! The list of one's identities, and taking one off it.

use std::fmt;

use http::HeaderValue;
use portcullis_core::{AuthUser, Denial, Timestamp};
use serde::Serialize;

use super::refusals::last_credential;
use crate::audit::Entry;
use crate::demands::DEVICE;
use crate::flow::logout::{Means, means_of};
use crate::flow::refusals::not_found;
use crate::flow::second_factor::Own;
use crate::mail::Message;
use crate::model::{AuditKind, Identity, RecordId, User};
use crate::store::{Change, CommitError, Conflict, UserUpdate};
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

    /// Takes an identity off the caller's account, and tells its owner by mail. All other logins end with it, and what is half done of one:
    /// whoever takes a provider away may do so because somebody else is in there, and every login of the account may have been begun by
    /// it. The caller's own goes on if it has shown a password or a code at any time, and otherwise ends too; API keys stay.
    ///
    /// Gives the `Set-Cookie` values by which a login by cookie goes on.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`, `reauthentication_required`; 403 `key_not_allowed`; 404 `not_found`, for another's identity as well; 409
    /// `last_credential`, where nothing would be left to log in by (AC-A8), `conflict`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn unlink(&self, caller: &AuthUser, id: &str) -> Result<Vec<HeaderValue>, Denial> {
        let user = self
            .fresh_account(caller, &self.inner.limits.manage)
            .await?;
        let id: RecordId = id.parse().map_err(|_| not_found())?;
        let all = self.inner.store.identities(&user.reference()).await?;
        let identity = all.into_iter().find(|found| found.id == id);
        let identity = identity.ok_or_else(not_found)?;
        let own = self.own_without_provider(caller, &user).await?;
        let mut update = UserUpdate::new(user.reference(), self.now());
        update.if_stamp = Some(user.stamp.clone());
        let others = self.end_others(&user, &mut update, own.as_ref().and_then(Own::family))?;
        let after = update.applied_to(&user);
        let mut changes = vec![Change::UpdateUser(Box::new(update))];
        changes.extend(self.unlinked(caller, &user, &identity)?);
        changes.extend(others);
        if let Some(own) = &own {
            changes.extend(self.going_on(caller, &after, own)?);
        }
        self.commit(changes).await.map_err(not_unlinked)?;
        match own {
            Some(own) => Ok(self.go_on_as_it_is(&after, own).await),
            None => {
                self.clean_up_sessions(&user).await;
                Ok(Vec::new())
            }
        }
    }

    /// The login that a caller came with, if something else than a provider has shown who they are: which provider began it, no login
    /// says.
    async fn own_without_provider(
        &self,
        caller: &AuthUser,
        user: &User,
    ) -> Result<Option<Own>, Denial> {
        if matches!(means_of(caller), Means::Other) {
            return Ok(None);
        }
        let own = self.own_login(caller, user).await?;
        let is_proved = match &own {
            Own::Family(family) => {
                shows_more_than_a_provider(family.amr.iter().map(String::as_str))
            }
            Own::Cookie => shows_more_than_a_provider(caller.amr()),
        };
        Ok(Some(own).filter(|_| is_proved))
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
            Change::DeleteIdentity {
                owner: owner(),
                id: identity.id,
            },
            Change::RequireCredential { owner: owner() },
            self.audit(entry.detail(identity.provider.as_str()))?,
            self.mail(user, Message::IdentityUnlinked { provider })?,
        ])
    }
}

/// A trusted device is no proof of its own.
fn shows_more_than_a_provider<'a>(mut amr: impl Iterator<Item = &'a str>) -> bool {
    amr.any(|method| !matches!(method, "oauth" | DEVICE))
}

fn not_unlinked(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::LastCredential) => last_credential(),
        Some(Conflict::NotFound) => not_found(),
        _ => error.into(),
    }
}
