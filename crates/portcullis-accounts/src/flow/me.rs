//! What a user does with its own account.

use std::fmt;

use portcullis_core::{AuthUser, Denial, SchemeName, Scopes, Timestamp};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::admin::{Actor, Plan};
use crate::model::{ProfileData, User};
use crate::store::UserUpdate;
use crate::users::Users;
use crate::view::UserView;

/// Who is calling, and by what.
#[derive(Clone)]
#[non_exhaustive]
pub struct Me {
    /// The account as it is now.
    pub user: UserView,
    /// By what: `jwt`, `apikey`, `session`.
    pub auth_type: SchemeName,
    /// What the credential is restricted to; `None` for all that its user may.
    pub scopes: Option<Scopes>,
    /// Which session it belongs to, if any.
    pub session_id: Option<String>,
    /// When the credential ends, where that is known.
    pub expires_at: Option<Timestamp>,
}

impl Serialize for Me {
    /// `{"user","authType","scopes","sessionId","expiresAt"}`; `scopes` for API keys only.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("user", &self.user)?;
        map.serialize_entry("authType", &self.auth_type)?;
        if self.auth_type == SchemeName::API_KEY {
            map.serialize_entry("scopes", &self.scopes)?;
        }
        map.serialize_entry("sessionId", &self.session_id)?;
        map.serialize_entry("expiresAt", &self.expires_at)?;
        map.end()
    }
}

impl fmt::Debug for Me {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Me")
            .field("user", &self.user)
            .field("auth_type", &self.auth_type)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl Users {
    /// Who is calling, and by what.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated` for callers of another collection and accounts that are gone; 503 `unavailable`.
    pub async fn me(&self, caller: &AuthUser) -> Result<Me, Denial> {
        let user = self.account_of(caller).await?;
        Ok(Me {
            user: self.view(&user),
            auth_type: caller.scheme().clone(),
            scopes: caller.scopes().cloned(),
            session_id: caller.session_id().map(str::to_owned),
            expires_at: caller.expires_at(),
        })
    }

    /// Sets fields of the caller's own profile, and leaves those alone that are not named. Of two that change different fields at
    /// once, neither is lost.
    ///
    /// # Errors
    ///
    /// 422 `field_not_allowed` for fields that there are none of or that its user cannot set, `invalid_field`; 403
    /// `key_not_allowed`; 429 `rate_limited`; 401, 503.
    pub async fn update_profile(
        &self,
        caller: &AuthUser,
        fields: ProfileData,
    ) -> Result<UserView, Denial> {
        let id = self.id_of(caller)?;
        self.not_by_key(caller)?;
        self.limit_user(id, &self.inner.limits.manage).await?;
        let actor = Actor::Owner(caller.clone());
        let work =
            |user: &User, update: &mut UserUpdate| self.changing_own(&actor, user, &fields, update);
        let amended = self.amend(&actor, id, work).await?;
        Ok(self.view(&amended.user))
    }

    fn changing_own(
        &self,
        actor: &Actor,
        user: &User,
        fields: &ProfileData,
        update: &mut UserUpdate,
    ) -> Plan {
        let changes = self.changing_profile(actor, user, fields, update)?;
        Ok(Some(changes).filter(|changes| !changes.is_empty()))
    }

    /// Deletes the caller's own account, with everything that it was logged in by: sessions, access tokens, API keys, links. Its
    /// entries in the audit trail stay. Its owner is told by mail.
    ///
    /// # Errors
    ///
    /// 401 `reauthentication_required` unless the caller has proved who they are within ten minutes, by two factors where
    /// the account has two; 403 `key_not_allowed`; 409
    /// `last_admin`; 429 `rate_limited`; 401, 503.
    pub async fn delete_account(&self, caller: &AuthUser) -> Result<(), Denial> {
        let user = self
            .fresh_account(caller, &self.inner.limits.manage)
            .await?;
        self.delete(&Actor::Owner(caller.clone()), user.id).await
    }
}
