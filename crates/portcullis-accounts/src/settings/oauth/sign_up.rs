use std::fmt;
use std::sync::Arc;

use portcullis_oauth::Profile;

use crate::model::ProfileData;
use crate::settings::Collection;

/// What an application makes of whom a provider vouches for.
#[derive(Clone)]
pub(crate) struct SignUpProfile(Arc<dyn Fn(&Profile) -> ProfileData + Send + Sync>);

impl SignUpProfile {
    pub(crate) fn of(&self, profile: &Profile) -> ProfileData {
        (self.0)(profile)
    }
}

impl fmt::Debug for SignUpProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignUpProfile")
    }
}

/// Accounts that are opened by providers.
impl Collection {
    /// What stands in the profile of an account that is opened by a provider's word: this closure says it, for the application, so it
    /// may set every field. Unless said, it is the name alone, where users may say theirs and it fits.
    ///
    /// Where a field is missing then that is required, or one does not fit, no account is opened (`profile_incomplete`): such a user
    /// registers, and links the provider. What the provider says is said by its user, most often; [`claims`](Profile::claims) has all of
    /// it.
    ///
    /// ```
    /// use portcullis_accounts::{Collection, text};
    /// use serde_json::json;
    ///
    /// let settings = Collection::new()
    ///     .profile(text("locale").required())
    ///     .sign_up_profile(|person| {
    ///         let locale = person.claims.get("locale").cloned();
    ///         let fields = json!({ "name": person.name, "locale": locale.unwrap_or("en".into()) });
    ///         fields.as_object().cloned().unwrap_or_default().into_iter().collect()
    ///     });
    /// # let _ = settings;
    /// ```
    pub fn sign_up_profile(
        mut self,
        profile: impl Fn(&Profile) -> ProfileData + Send + Sync + 'static,
    ) -> Self {
        self.sign_up_profile = Some(SignUpProfile(Arc::new(profile)));
        self
    }
}
