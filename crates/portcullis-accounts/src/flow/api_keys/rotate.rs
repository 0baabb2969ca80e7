//! Replacing a key by another.

use std::time::Duration;

use portcullis_core::{AuthUser, Denial};

use super::CreatedKey;
use super::manage::key_id;
use crate::flow::refusals::invalid_field;
use crate::model::AuditKind;
use crate::store::Change;
use crate::users::Users;

/// How long the old key may be good beside the new one at most (AC-K9; Unkey's bound).
const LONGEST_OVERLAP: Duration = Duration::from_secs(7 * 24 * 3600);

impl Users {
    /// Replaces one of the caller's keys: the new one has the same name, scopes and end. The old one is good for `grace` still, at
    /// most seven days, and never past its own end; without grace it is refused from the next request on.
    ///
    /// Both count while both are good: who has as many keys as allowed replaces one without grace.
    ///
    /// # Errors
    ///
    /// 404 `not_found`, also for a key of somebody else and for one past its end; 422 `invalid_field` for a longer grace; 409
    /// `limit_reached`; 403 `key_not_allowed`, `scope_escalation`; 429 `rate_limited`; 401, 503.
    pub async fn rotate_key(
        &self,
        caller: &AuthUser,
        id: &str,
        grace: Duration,
    ) -> Result<CreatedKey, Denial> {
        let owner = self.key_manager(caller).await?;
        self.limit_user(owner.id, &self.inner.limits.manage).await?;
        if LONGEST_OVERLAP < grace {
            return Err(invalid_field("graceSeconds", "range"));
        }
        let user = self.account_of(caller).await?;
        self.require_factors_for_key(caller, &user)?;
        let old = self.live_key(&owner, key_id(id)?).await?;
        let now = self.now();
        let latest = self.settings().longest_key_life;
        let latest = latest.map(|life| now.saturating_add(life));
        let end = match (old.expires_at, latest) {
            (Some(end), Some(latest)) => Some(end.min(latest)),
            (end, latest) => end.or(latest),
        };
        self.within_credential(caller, old.scopes.as_ref(), end)
            .await?;
        let (row, key) = self.new_key(owner.clone(), old.name, old.scopes, end)?;
        let ending = Change::ExpireKey {
            owner,
            id: old.id,
            at: now.saturating_add(grace),
            now,
        };
        let changes = vec![self.while_logged_in(&user), ending];
        self.commit_key(caller, AuditKind::ApiKeyRotated, changes, &row)
            .await?;
        Ok(CreatedKey::new(row, key))
    }
}
