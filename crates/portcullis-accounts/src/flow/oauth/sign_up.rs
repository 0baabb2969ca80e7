//! An account that is opened by the word of a provider.

use portcullis_core::Denial;
use serde_json::Value;

use super::arrival::Arrival;
use super::refusals::{about, signup_disabled};
use crate::audit::Entry;
use crate::model::{AuditKind, EmailAddress, ProfileData, User};
use crate::settings::Setter;
use crate::store::Change;
use crate::users::Users;

impl Users {
    /// Opens an account with an address that is proved, and without a password. `None` where somebody was quicker.
    pub(super) async fn sign_up(
        &self,
        arrival: &Arrival<'_>,
        address: EmailAddress,
    ) -> Result<Option<User>, Denial> {
        if !self.settings().allows_signup {
            return Err(self.turned_away(arrival, None, signup_disabled()).await);
        }
        let profile = match self.profile_from(arrival.profile.name.as_deref()) {
            Ok(profile) => profile,
            Err(denial) => return Err(self.turned_away(arrival, None, denial).await),
        };
        let mut user = self.new_user(address, None, profile, None)?;
        user.verified = true;
        let registered = Entry::success(AuditKind::UserRegistered).by(&user);
        let changes = vec![
            Change::InsertUser(Box::new(user.clone())),
            self.new_identity(arrival, &user)?,
            self.audit(about(arrival.provider, registered.reason("provider")))?,
            self.vouched(arrival, &user)?,
        ];
        match self.register_first(&user, &changes).await? {
            Some(first) => Ok(Some(first)),
            None => self.made(changes, user).await,
        }
    }

    /// The profile of somebody whom a provider calls by this name: it is taken over where the collection lets users say their names,
    /// and fits. What else the collection requires nobody can say here: such an account cannot be opened by a provider.
    fn profile_from(&self, name: Option<&str>) -> Result<ProfileData, Denial> {
        let settings = self.settings();
        let mut given = ProfileData::new();
        if let Some(name) = name
            .map(Value::from)
            .filter(|name| settings.takes("name", name))
        {
            given.insert("name".to_owned(), name);
        }
        settings.new_profile(&given, Setter::User)
    }
}
