//! Opening an account for somebody.

use std::fmt;

use portcullis_core::Denial;
use portcullis_password::PolicyContext;
use zeroize::Zeroizing;

use super::{Actor, roles};
use crate::flow::register::{email_taken, invalid_email};
use crate::model::{AuditKind, EmailAddress, LinkPurpose, ProfileData, User};
use crate::settings::Setter;
use crate::store::Change;
use crate::users::Users;
use crate::view::UserView;

/// An account that the application opens. The password is wiped when this is dropped, and no `Debug` shows it.
#[derive(Clone, Default)]
pub struct NewUser {
    /// The address.
    pub email: String,
    /// The password; without one, its user sets it by a link for a new password.
    pub password: Option<Zeroizing<String>>,
    /// The collection's own fields, hidden ones included.
    pub profile: ProfileData,
    /// The roles, *instead of* the collection's default.
    pub roles: Option<Vec<String>>,
    /// What it may do besides what its roles permit.
    pub permissions: Vec<String>,
    /// Whether the address counts as proved.
    pub verified: bool,
    /// In which language mail is to be written: a BCP 47 tag.
    pub language: Option<String>,
}

impl NewUser {
    /// An account with this address.
    pub fn new(email: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            ..Self::default()
        }
    }

    /// With this password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Zeroizing::new(password.into()));
        self
    }

    /// With these roles, *instead of* the collection's default.
    #[must_use]
    pub fn roles<T: Into<String>>(mut self, roles: impl IntoIterator<Item = T>) -> Self {
        self.roles = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// With an address that counts as proved.
    #[must_use]
    pub fn verified(mut self) -> Self {
        self.verified = true;
        self
    }

    /// Sets one of the collection's own fields.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.profile.insert(name.into(), value.into());
        self
    }
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser")
            .field("roles", &self.roles)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

impl Users {
    /// The password is held to the policy, as everybody's is. Where the collection asks for proof of the address, and there is
    /// none, a link is mailed.
    pub(super) async fn open_account(&self, new: NewUser) -> Result<UserView, Denial> {
        let user = self.opened(&new).await?;
        let mut changes = vec![
            Change::InsertUser(Box::new(user.clone())),
            self.audit(Actor::Application.entry(AuditKind::UserRegistered, &user))?,
        ];
        for role in &user.roles {
            let entry = Actor::Application.entry(AuditKind::RoleGranted, &user);
            changes.push(self.audit(entry.detail(role.as_str()))?);
        }
        if self.settings().requires_verified && !user.verified {
            changes.extend(self.send_link(&user, LinkPurpose::VerifyEmail, &user.email)?);
        }
        self.commit(changes).await.map_err(email_taken)?;
        Ok(self.view_for_admin(&user))
    }

    async fn opened(&self, new: &NewUser) -> Result<User, Denial> {
        let email = EmailAddress::parse(&new.email).map_err(|_| invalid_email())?;
        let settings = self.settings();
        let profile = settings.new_profile(&new.profile, Setter::Application)?;
        let roles = new.roles.clone().map(|given| roles::names(given, "roles"));
        let permissions = roles::permissions(new.permissions.clone())?;
        let mut user = self.new_user(email, None, profile, new.language.clone())?;
        if let Some(roles) = roles.transpose()? {
            user.roles = roles;
        }
        user.permissions = permissions;
        user.verified = new.verified;
        if let Some(password) = &new.password {
            let context: PolicyContext = self.policy_context(&user);
            user.password = Some(self.new_password(password, &context).await?);
        }
        Ok(user)
    }
}
