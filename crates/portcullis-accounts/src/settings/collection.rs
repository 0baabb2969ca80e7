use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_core::Denial;
use portcullis_key::{KeyFormat, KeyPrefix};
use portcullis_password::PasswordPolicy;
use portcullis_session::SessionLimits;
use serde_json::Value;

#[cfg(feature = "oauth")]
use super::SignUpProfile;
use super::{Field, Setter, text};
use crate::model::{ProfileData, User};

/// The most live API keys of one user, unless said.
const KEYS: u32 = 50;

/// Members of a user in the API, which fields cannot be named after.
const TAKEN: [&str; 16] = [
    "id",
    "email",
    "password",
    "roles",
    "permissions",
    "verified",
    "mfa",
    "createdAt",
    "updatedAt",
    "mode",
    "remember",
    "collection",
    "banned",
    "language",
    "token",
    "stamp",
];

/// The settings of one collection of users: `users`, `customers`, …
///
/// Collections live side by side; ids, tokens, keys and sessions of one are nothing in another.
#[derive(Debug, Clone)]
#[must_use]
pub struct Collection {
    pub(crate) fields: Vec<Field>,
    pub(crate) default_roles: Vec<String>,
    pub(crate) first_user_roles: Vec<String>,
    pub(crate) admin_role: String,
    pub(crate) allows_signup: bool,
    pub(crate) requires_verified: bool,
    pub(crate) keeps_unproved_password: bool,
    pub(crate) distrusts_registration: bool,
    pub(crate) allows_email_undo: bool,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) requires_scopes: bool,
    pub(crate) admin_keys_manage_keys: bool,
    pub(crate) revokes_keys_with_password: bool,
    pub(crate) most_keys: u32,
    pub(crate) longest_key_life: Option<Duration>,
    pub(crate) key_prefix: Option<KeyPrefix>,
    pub(crate) key_format: Option<KeyFormat>,
    pub(crate) password_policy: Option<PasswordPolicy>,
    pub(crate) remembered: SessionLimits,
    pub(crate) brief: SessionLimits,
    pub(crate) language: Option<String>,
    pub(crate) requires_mfa: bool,
    pub(crate) mfa_roles: BTreeSet<String>,
    pub(crate) trusts_devices: Option<Duration>,
    #[cfg(feature = "oauth")]
    pub(crate) sign_up_profile: Option<SignUpProfile>,
}

impl Default for Collection {
    fn default() -> Self {
        Self::new()
    }
}

impl Collection {
    /// Anybody may sign up and log in without proving the address; the role `user`; the field `name`; scopes `read`, `write` and
    /// `admin`; 50 keys.
    pub fn new() -> Self {
        Self {
            fields: vec![text("name").max(200)],
            default_roles: vec!["user".to_owned()],
            first_user_roles: Vec::new(),
            admin_role: "admin".to_owned(),
            allows_signup: true,
            requires_verified: false,
            keeps_unproved_password: false,
            distrusts_registration: false,
            allows_email_undo: true,
            scopes: ["read", "write", "admin"].map(str::to_owned).into(),
            requires_scopes: false,
            admin_keys_manage_keys: false,
            revokes_keys_with_password: false,
            most_keys: KEYS,
            longest_key_life: None,
            key_prefix: None,
            key_format: None,
            password_policy: None,
            remembered: SessionLimits::REMEMBERED,
            brief: SessionLimits::BRIEF,
            language: None,
            requires_mfa: false,
            mfa_roles: BTreeSet::new(),
            trusts_devices: None,
            #[cfg(feature = "oauth")]
            sign_up_profile: None,
        }
    }

    /// Declares a field, or declares it anew: `name` is there from the start.
    pub fn profile(mut self, field: Field) -> Self {
        self.fields.retain(|other| other.name != field.name);
        self.fields.push(field);
        self
    }

    /// The role of whoever registers, *instead of* `user`.
    pub fn default_role(mut self, role: impl Into<String>) -> Self {
        self.default_roles = vec![role.into()];
        self
    }

    /// The roles of the very first account of an empty collection, besides the default; none unless said. For development: whoever
    /// comes first gets them.
    pub fn first_user_roles<T: Into<String>>(mut self, roles: impl IntoIterator<Item = T>) -> Self {
        self.first_user_roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// The role of which one holder must always be left; `admin` unless said.
    pub fn admin_role(mut self, role: impl Into<String>) -> Self {
        self.admin_role = role.into();
        self
    }

    /// Whether every user must have a second factor; not unless said. Who has none is led to enrolment at login and reaches nothing else.
    /// Access tokens that were issued without one are refused with 401 `mfa_required`, at once. Sessions by cookie and by refresh tokens
    /// get the same refusal when they are used next, and have ended with it. So it is also for who is given a role that asks for it.
    ///
    /// API keys are not logins, and stay good: from now on they are made by who has shown the second factor, those of before are for
    /// their owners or an administrator to revoke.
    pub fn require_mfa(mut self, required: bool) -> Self {
        self.requires_mfa = required;
        self
    }

    /// The same for users who hold this role; may be said more than once.
    pub fn require_mfa_of(mut self, role: impl Into<String>) -> Self {
        self.mfa_roles.insert(role.into());
        self
    }

    /// For how long a device may be spared the second factor where its user says so (`trustDevice`) when finishing a login; none is
    /// unless said, because whoever has the device and the password is then let in. 30 days is usual.
    ///
    /// The first factor is asked for as ever. Such logins have `device` in `amr`: they may enter where a second factor is demanded
    /// ([`require_mfa`](Self::require_mfa)), but are no match for the guard [`mfa`](portcullis_core::mfa). The trust ends with a new
    /// password or address, with the factor, and with everything else that ends all logins of the account.
    pub fn trust_devices(mut self, life: Duration) -> Self {
        self.trusts_devices = Some(life);
        self
    }

    /// Whether strangers may register; they may unless said. The application itself always may.
    pub fn allow_signup(mut self, allowed: bool) -> Self {
        self.allows_signup = allowed;
        self
    }

    /// Whether an address must be proved before its user may log in; not unless said.
    pub fn require_verified(mut self, required: bool) -> Self {
        self.requires_verified = required;
        self
    }

    /// Lets a password that was set before the address was proved survive a proof by another way than the link that registration
    /// mails: whoever registered may not be who owns the mailbox. See [`verify_email`](crate::Users::verify_email) for which proof is
    /// taken for whose.
    pub fn with_insecure_unproved_password(mut self) -> Self {
        self.keeps_unproved_password = true;
        self
    }

    /// Whether the verification link, presented without a login of the very account, takes away what was set before: the password
    /// (mail to set a new one is sent at once), logins, keys, links. It does not unless said, because most people open that mail
    /// in another browser, and log in afterwards with the password that they chose. See
    /// [`verify_email`](crate::Users::verify_email).
    pub fn distrust_registration(mut self, distrust: bool) -> Self {
        self.distrusts_registration = distrust;
        self
    }

    /// Whether a former address that had been proved gets a link by which a change of address is undone for 72 hours; it does
    /// unless said.
    pub fn allow_email_undo(mut self, allowed: bool) -> Self {
        self.allows_email_undo = allowed;
        self
    }

    /// Which scopes keys may have, *instead of* `read`, `write`, `admin`.
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Whether a new key must name its scopes; otherwise one that names none may do all that its owner may.
    pub fn require_scopes(mut self, required: bool) -> Self {
        self.requires_scopes = required;
        self
    }

    /// Whether a key with the scope `admin` may make, list and revoke keys; no key may unless said.
    pub fn allow_admin_keys_to_manage_keys(mut self, allowed: bool) -> Self {
        self.admin_keys_manage_keys = allowed;
        self
    }

    /// Whether a new password revokes the user's keys; not unless said.
    pub fn revoke_keys_with_password(mut self, revoke: bool) -> Self {
        self.revokes_keys_with_password = revoke;
        self
    }

    /// How many live keys a user may have; 50 unless said.
    pub fn max_keys(mut self, keys: u32) -> Self {
        self.most_keys = keys;
        self
    }

    /// How long a key may live at most; then every key must have an end. No bound unless said.
    pub fn longest_key_life(mut self, life: Duration) -> Self {
        self.longest_key_life = Some(life);
        self
    }

    /// How keys begin; `sk` unless said.
    pub fn key_prefix(mut self, prefix: KeyPrefix) -> Self {
        self.key_prefix = Some(prefix);
        self
    }

    /// How new keys are written; the profile says, unless said here.
    pub fn key_format(mut self, format: KeyFormat) -> Self {
        self.key_format = Some(format);
        self
    }

    /// The rules for this collection's passwords; those of all collections unless said.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.password_policy = Some(policy);
        self
    }

    /// How long logins last that are to be remembered; [`SessionLimits::REMEMBERED`] unless said.
    pub fn remembered(mut self, limits: SessionLimits) -> Self {
        self.remembered = limits;
        self
    }

    /// How long other logins last; [`SessionLimits::BRIEF`] unless said.
    pub fn brief(mut self, limits: SessionLimits) -> Self {
        self.brief = limits;
        self
    }

    /// In which language mail is written to those who chose none: a tag as in BCP 47, such as `de`.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Whether anybody must have a second factor.
    pub(crate) fn demands_any_mfa(&self) -> bool {
        self.requires_mfa || !self.mfa_roles.is_empty()
    }

    /// Whether this user must have a second factor.
    pub(crate) fn demands_mfa(&self, user: &User) -> bool {
        self.demands_mfa_of(user.roles.iter().map(String::as_str))
    }

    /// Whether somebody with these roles must have a second factor.
    pub(crate) fn demands_mfa_of<'a>(&self, mut roles: impl Iterator<Item = &'a str>) -> bool {
        self.requires_mfa || roles.any(|role| self.mfa_roles.contains(role))
    }

    /// What is wrong with the settings, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let mut fields = self.fields.iter();
        let taken =
            fields.find(|field| TAKEN.contains(&field.name.as_ref()) || field.name.is_empty());
        if let Some(field) = taken {
            return Some(format!("a profile field cannot be named {:?}", field.name));
        }
        let wrong = |field: &&Field| {
            field
                .default
                .as_ref()
                .is_some_and(|value| field.check(value).is_err())
        };
        let wrong = self.fields.iter().find(wrong);
        wrong.map(|field| {
            format!(
                "the default of the profile field {:?} does not fit it",
                field.name
            )
        })
    }

    /// The field with this name that the caller may set.
    fn settable(&self, name: &str, setter: Setter) -> Option<&Field> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        field.is_open_to(setter).then_some(field)
    }

    /// Whether a user may say this of themselves.
    #[cfg(feature = "oauth")]
    pub(crate) fn takes(&self, name: &str, value: &Value) -> bool {
        let field = self.settable(name, Setter::User);
        field.is_some_and(|field| field.check(value).is_ok())
    }

    /// The profile of a new account: what was given, and defaults for the rest.
    ///
    /// # Errors
    ///
    /// 422 `field_not_allowed` or `invalid_field` with every field that is at fault.
    pub(crate) fn new_profile(
        &self,
        given: &ProfileData,
        setter: Setter,
    ) -> Result<ProfileData, Denial> {
        let mut profile = ProfileData::new();
        for field in &self.fields {
            let value = field.default.clone().unwrap_or(Value::Null);
            profile.insert(field.name.clone().into_owned(), value);
        }
        self.patch(&mut profile, given, setter)?;
        let missing = |field: &&Field| field.required && profile[field.name.as_ref()].is_null();
        let faults: Vec<_> = self
            .fields
            .iter()
            .filter(missing)
            .map(|field| (field.name.as_ref(), "required"))
            .collect();
        refuse("invalid_field", &faults)?;
        Ok(profile)
    }

    /// Sets what was given.
    ///
    /// # Errors
    ///
    /// As [`new_profile`](Self::new_profile).
    pub(crate) fn patch(
        &self,
        profile: &mut ProfileData,
        given: &ProfileData,
        setter: Setter,
    ) -> Result<(), Denial> {
        let unknown = given
            .keys()
            .filter(|name| self.settable(name, setter).is_none());
        let unknown: Vec<_> = unknown.map(|name| (name.as_str(), "not_allowed")).collect();
        refuse("field_not_allowed", &unknown)?;
        let mut faults = Vec::new();
        for (name, value) in given {
            match self.settable(name, setter).map(|field| field.check(value)) {
                Some(Err(fault)) => faults.push((name.as_str(), fault)),
                _ => {
                    profile.insert(name.clone(), value.clone());
                }
            }
        }
        refuse("invalid_field", &faults)
    }

    /// What of a profile its user may see.
    pub(crate) fn visible(&self, profile: &ProfileData) -> ProfileData {
        let shown = self.fields.iter().filter(|field| !field.hidden);
        let value = |field: &Field| {
            profile
                .get(field.name.as_ref())
                .cloned()
                .unwrap_or(Value::Null)
        };
        shown
            .map(|field| (field.name.clone().into_owned(), value(field)))
            .collect()
    }
}

fn refuse(code: &'static str, faults: &[(&str, &'static str)]) -> Result<(), Denial> {
    if faults.is_empty() {
        return Ok(());
    }
    let denial = Denial::new(http::StatusCode::UNPROCESSABLE_ENTITY, code)
        .with_detail("some members of the body are not accepted");
    Err(faults.iter().fold(denial, |denial, (name, fault)| {
        denial.with_field((*name).to_owned(), *fault)
    }))
}
