//! An account that is opened by the word of a provider.

use portcullis_core::Denial;
use portcullis_oauth::Profile;
use serde_json::Value;

use super::arrival::Arrival;
use super::refusals::{about, profile_incomplete, signup_disabled};
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
        let profile = match self.profile_from(&arrival.profile) {
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

    /// The profile of somebody whom a provider vouches for: as the application says, or else the name, where the collection lets users
    /// say theirs, and it fits.
    ///
    /// # Errors
    ///
    /// 422 `profile_incomplete`, where the collection requires more, or something does not fit.
    fn profile_from(&self, person: &Profile) -> Result<ProfileData, Denial> {
        let settings = self.settings();
        let given = match &settings.sign_up_profile {
            Some(profile) => profile.of(person),
            None => self.own_name(person),
        };
        let profile = settings.new_profile(&given, Setter::Application);
        profile.map_err(|error| {
            let provider = person.provider.as_str();
            tracing::warn!(provider, %error, "a provider says too little to open an account");
            profile_incomplete()
        })
    }

    fn own_name(&self, person: &Profile) -> ProfileData {
        let name = person.name.as_deref().map(Value::from);
        let name = name.filter(|name| self.settings().takes("name", name));
        name.map(|name| ("name".to_owned(), name))
            .into_iter()
            .collect()
    }
}
