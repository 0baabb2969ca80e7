//! Who may manage keys, which there are, and taking one back.

use http::StatusCode;
use portcullis_core::{AuthUser, Denial, SchemeName};

use super::KeyInfo;
use crate::audit::Entry;
use crate::flow::refusals::not_found;
use crate::model::{AuditKind, KeyRow, RecordId, UserRef};
use crate::store::{Change, CommitError, Conflict};
use crate::users::Users;

impl Users {
    /// The caller's API keys, the newest first, those past their end included.
    ///
    /// # Errors
    ///
    /// 403 `key_not_allowed`; 401, 503.
    pub async fn keys(&self, caller: &AuthUser) -> Result<Vec<KeyInfo>, Denial> {
        let owner = self.key_manager(caller).await?;
        let rows = self.inner.store.keys(&owner).await?;
        Ok(rows.into_iter().map(KeyInfo::new).collect())
    }

    /// Takes one of the caller's API keys back: it is refused from the next request on (AC-K5).
    ///
    /// # Errors
    ///
    /// 404 `not_found`, also for a key of somebody else; 403 `key_not_allowed`; 429 `rate_limited`; 401, 503.
    pub async fn revoke_key(&self, caller: &AuthUser, id: &str) -> Result<(), Denial> {
        let owner = self.key_manager(caller).await?;
        self.limit_user(owner.id, &self.inner.limits.manage).await?;
        let id = key_id(id)?;
        let changes = vec![
            Change::DeleteKey { owner, id },
            self.audit(of_key(AuditKind::ApiKeyRevoked, caller, id))?,
        ];
        self.commit(changes).await.map_err(gone)?;
        Ok(())
    }

    /// The caller, whose keys are to be managed. An API key manages none, unless it reaches the scope `admin` and the settings let
    /// it (AC-K4). Who may not is in the audit trail.
    pub(super) async fn key_manager(&self, caller: &AuthUser) -> Result<UserRef, Denial> {
        self.id_of(caller)?;
        match self.not_by_key_unless_admin(caller) {
            Ok(()) => Ok(self.account_of(caller).await?.reference()),
            Err(denial) => Err(self.key_denied(caller, denial).await?),
        }
    }

    /// Writes down that something was refused to a caller about keys.
    pub(super) async fn key_denied(
        &self,
        caller: &AuthUser,
        denial: Denial,
    ) -> Result<Denial, Denial> {
        let entry = Entry::failure(AuditKind::ApiKeyDenied, denial.code().to_owned());
        let mut entry = entry.by_caller(caller);
        if let Ok(id) = self.id_of(caller) {
            entry = entry.to(id);
        }
        if let Some(key) = caller.credential_id().filter(|_| is_key(caller)) {
            entry = entry.detail(key);
        }
        self.record(entry).await?;
        Ok(denial)
    }

    /// One of the caller's keys that is good still.
    pub(super) async fn live_key(&self, owner: &UserRef, id: RecordId) -> Result<KeyRow, Denial> {
        let now = self.now();
        let mut keys = self.inner.store.keys(owner).await?.into_iter();
        let key = keys.find(|key| key.id == id && key.expires_at.is_none_or(|end| now < end));
        key.ok_or_else(not_found)
    }
}

pub(super) fn is_key(caller: &AuthUser) -> bool {
    *caller.scheme() == SchemeName::API_KEY
}

/// The id of a key, as a request names it.
pub(super) fn key_id(text: &str) -> Result<RecordId, Denial> {
    text.parse().map_err(|_| not_found())
}

/// An entry about one of the caller's own keys.
pub(super) fn of_key(kind: AuditKind, caller: &AuthUser, key: RecordId) -> Entry {
    let entry = Entry::success(kind).by_caller(caller);
    let entry = entry.detail(key.to_string());
    match UserRef::of(caller) {
        Some(owner) => entry.to(owner.id),
        None => entry,
    }
}

/// What stands in the way of a change of keys.
pub(super) fn gone(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::NotFound) => not_found(),
        Some(Conflict::Changed) => Denial::unauthenticated(),
        Some(Conflict::LimitReached) => Denial::new(StatusCode::CONFLICT, "limit_reached")
            .with_detail("there are as many keys as a user may have; revoke one first"),
        _ => error.into(),
    }
}
