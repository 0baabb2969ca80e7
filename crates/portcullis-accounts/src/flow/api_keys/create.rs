//! Making keys, within what their owner may.

use http::StatusCode;
use portcullis_core::{AuthUser, Denial, SchemeName, Scopes, Timestamp};
use portcullis_key::{ApiKey, KeyFormat};

use super::CreatedKey;
use super::manage::{gone, is_key, of_key};
use crate::flow::refusals::invalid_field;
use crate::model::{AuditKind, KeyRow, RecordId, User, UserRef};
use crate::schemes::described;
use crate::store::{Change, Conflict};
use crate::users::Users;

/// The longest name of a key, in characters.
const LONGEST_NAME: usize = 100;

/// An API key that somebody wants to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewKey {
    /// What its owner calls it: 1 to 100 characters.
    pub name: String,
    /// What it is to be restricted to: `None` for everything that its owner may, empty for nothing.
    pub scopes: Option<Vec<String>>,
    /// From when on it is not to be good any more; `None` for never.
    pub expires_at: Option<Timestamp>,
}

impl Users {
    /// Makes an API key for the caller. The key itself is in the answer, and nowhere else ever (AC-K3).
    ///
    /// # Errors
    ///
    /// 422 `invalid_scope` for scopes that the collection does not have (or for none, where it wants some), `expiry_invalid`,
    /// `invalid_field`; 401 `reauthentication_required` where the owner has a second factor that the caller has not shown (AC-E2); 403
    /// `scope_escalation` for scopes beyond what the owner may, `key_not_allowed`; 409 `limit_reached`; 429
    /// `rate_limited`; 401, 503.
    pub async fn create_key(&self, caller: &AuthUser, key: NewKey) -> Result<CreatedKey, Denial> {
        let owner = self.key_manager(caller).await?;
        self.limit_user(owner.id, &self.inner.limits.manage).await?;
        let name = name(&key.name)?;
        let scopes = self.known_scopes(key.scopes.as_deref())?;
        self.check_end(key.expires_at)?;
        let user = self.account_of(caller).await?;
        self.require_factors_for_key(caller, &user)?;
        if let Err(denial) = self.within_rights(&user, scopes.as_ref()) {
            return Err(self.key_denied(caller, denial).await?);
        }
        self.within_credential(caller, scopes.as_ref(), key.expires_at)
            .await?;
        let (row, key) = self.new_key(owner, name, scopes, key.expires_at)?;
        let guard = vec![self.while_logged_in(&user)];
        self.commit_key(caller, AuditKind::ApiKeyCreated, guard, &row)
            .await?;
        Ok(CreatedKey::new(row, key))
    }

    /// A key passes by the second factor for as long as it lives, so it is made by who has shown it. Where the settings let a key make
    /// keys, it is trusted as it is.
    pub(super) fn require_factors_for_key(
        &self,
        caller: &AuthUser,
        user: &User,
    ) -> Result<(), Denial> {
        match is_key(caller) {
            true => Ok(()),
            false => self.require_factors(caller, user),
        }
    }

    /// Commits a new key, after these changes. A refusal because there are too many is in the audit trail.
    pub(super) async fn commit_key(
        &self,
        caller: &AuthUser,
        kind: AuditKind,
        mut changes: Vec<Change>,
        row: &KeyRow,
    ) -> Result<(), Denial> {
        changes.push(Change::InsertKey {
            key: Box::new(row.clone()),
            at_most: self.settings().most_keys,
        });
        changes.push(self.audit(of_key(kind, caller, row.id))?);
        match self.commit(changes).await {
            Ok(_) => Ok(()),
            Err(error) if error.conflict() == Some(Conflict::LimitReached) => {
                Err(self.key_denied(caller, gone(error)).await?)
            }
            Err(error) => Err(gone(error)),
        }
    }

    /// The row of a new key, and the key.
    pub(super) fn new_key(
        &self,
        owner: UserRef,
        name: String,
        scopes: Option<Scopes>,
        expires_at: Option<Timestamp>,
    ) -> Result<(KeyRow, ApiKey), Denial> {
        let settings = self.settings();
        let format = settings.key_format.unwrap_or(KeyFormat::Checked);
        let prefix = settings.key_prefix.clone().unwrap_or_default();
        let key = ApiKey::generate_as(format, &prefix).map_err(|_| Denial::unavailable())?;
        let now = self.now();
        let row = KeyRow {
            id: RecordId::new(now)?,
            owner,
            name,
            key_id: key.key_id(),
            digest: key.digest(),
            start: key.start().to_owned(),
            scopes,
            created_at: now,
            expires_at,
            last_used_at: None,
            last_used_from: None,
        };
        Ok((row, key))
    }

    /// The scopes, all of which the collection knows (AC-K8).
    fn known_scopes(&self, wanted: Option<&[String]>) -> Result<Option<Scopes>, Denial> {
        let Some(wanted) = wanted else {
            return match self.settings().requires_scopes {
                true => Err(invalid_scope("required")),
                false => Ok(None),
            };
        };
        let is_known = |scope: &String| self.settings().scopes.contains(scope);
        if !wanted.iter().all(is_known) {
            return Err(invalid_scope("unknown"));
        }
        let scopes = Scopes::new(wanted.iter().map(String::as_str));
        scopes.map(Some).map_err(|_| invalid_scope("format"))
    }

    /// Whether a key may end then (AC-K9).
    fn check_end(&self, end: Option<Timestamp>) -> Result<(), Denial> {
        let now = self.now();
        let longest = self.settings().longest_key_life;
        let latest = longest.map(|life| now.saturating_add(life));
        match (end, latest) {
            (Some(end), _) if end <= now => Err(expiry_invalid("past")),
            (Some(end), Some(latest)) if latest < end => Err(expiry_invalid("too_late")),
            (None, Some(_)) => Err(expiry_invalid("required")),
            _ => Ok(()),
        }
    }

    /// A scope is the owner's to give if the owner has the permission, or the role, of its name.
    fn within_rights(&self, owner: &User, scopes: Option<&Scopes>) -> Result<(), Denial> {
        let builder = AuthUser::builder(SchemeName::API_KEY, owner.id.to_string());
        let rights = described(builder, owner, &self.inner.role_map).build();
        let is_own = |scope: &str| rights.may(scope) || rights.has_role(scope);
        match scopes.is_none_or(|scopes| scopes.iter().all(is_own)) {
            true => Ok(()),
            false => Err(scope_escalation()),
        }
    }

    /// A key that makes a key gives no more than it has, and nothing that outlives it: or whoever has it for a day would have it
    /// for ever.
    pub(super) async fn within_credential(
        &self,
        caller: &AuthUser,
        scopes: Option<&Scopes>,
        end: Option<Timestamp>,
    ) -> Result<(), Denial> {
        let reaches = match scopes {
            Some(scopes) => scopes.iter().all(|scope| caller.allows(scope)),
            None => caller.allows("*"),
        };
        if !reaches {
            return Err(self.key_denied(caller, scope_escalation()).await?);
        }
        let own_end = caller.expires_at().filter(|_| is_key(caller));
        match own_end {
            Some(own_end) if end.is_none_or(|end| own_end < end) => {
                Err(expiry_invalid("beyond_credential"))
            }
            _ => Ok(()),
        }
    }
}

fn name(text: &str) -> Result<String, Denial> {
    let text = text.trim();
    let fits = (1..=LONGEST_NAME).contains(&text.chars().count());
    match fits && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err(invalid_field("name", "length")),
    }
}

fn invalid_scope(fault: &'static str) -> Denial {
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_scope")
        .with_detail("a key has scopes that the collection knows")
        .with_field("scopes", fault)
}

fn scope_escalation() -> Denial {
    Denial::new(StatusCode::FORBIDDEN, "scope_escalation")
        .with_detail("a key cannot reach further than whoever makes it")
        .with_field("scopes", "beyond")
}

/// 422 `expiry_invalid` (AC-K9).
pub(super) fn expiry_invalid(fault: &'static str) -> Denial {
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "expiry_invalid")
        .with_detail("a key cannot end at that moment")
        .with_field("expiresAt", fault)
}
