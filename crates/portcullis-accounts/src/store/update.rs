use std::time::Duration;

use portcullis_core::Timestamp;

use crate::model::{EmailAddress, ProfileData, StoredPassword, User, UserRef};

/// A change of one user's row: what is to be set, and what must still hold.
///
/// Fields that are `None` stay as they are. Guards that are `None` are not asked.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct UserUpdate {
    /// Whose row.
    pub user: UserRef,
    /// Becomes `updated_at`, which grows with every change: where it is not later than what the row has, the row gets one
    /// millisecond more than it has.
    pub at: Timestamp,
    /// Guard: the password is still this one ([`Conflict::Changed`](super::Conflict::Changed)).
    pub if_password: Option<Option<StoredPassword>>,
    /// Guard: the address still has this key.
    pub if_email_key: Option<String>,
    /// Guard: the stamp is still this one.
    pub if_stamp: Option<String>,
    /// Guard: nothing of the row was changed since it had this `updated_at`. It serves where what is written follows from what
    /// was read, as a profile of which one field is set.
    pub if_updated_at: Option<Timestamp>,
    /// The new hash, or none any more.
    pub password: Option<Option<StoredPassword>>,
    /// The new address; unique within the collection ([`Conflict::EmailTaken`](super::Conflict::EmailTaken)).
    pub email: Option<EmailAddress>,
    /// Whether the address was proved.
    pub verified: Option<bool>,
    /// Since when it is banned, or not any more.
    pub banned_at: Option<Option<Timestamp>>,
    /// The new roles.
    pub roles: Option<Vec<String>>,
    /// The new permissions.
    pub permissions: Option<Vec<String>>,
    /// The new profile, whole.
    pub profile: Option<ProfileData>,
    /// The new language, or the collection's.
    pub language: Option<Option<String>>,
    /// The new stamp.
    pub stamp: Option<String>,
    /// Since when a second factor is asked for, or not any more.
    pub mfa_since: Option<Option<Timestamp>>,
    /// When rights changed last.
    pub rights_changed_at: Option<Timestamp>,
}

impl UserUpdate {
    /// A change of this user's row, made at this moment, which changes nothing yet.
    pub fn new(user: UserRef, at: Timestamp) -> Self {
        Self {
            user,
            at,
            if_password: None,
            if_email_key: None,
            if_stamp: None,
            if_updated_at: None,
            password: None,
            email: None,
            verified: None,
            banned_at: None,
            roles: None,
            permissions: None,
            profile: None,
            language: None,
            stamp: None,
            mfa_since: None,
            rights_changed_at: None,
        }
    }

    /// Whether the guards hold for this user.
    #[must_use]
    pub fn holds_for(&self, user: &User) -> bool {
        let holds = |guard: Option<bool>| guard.unwrap_or(true);
        holds(
            self.if_password
                .as_ref()
                .map(|password| *password == user.password),
        ) && holds(
            self.if_email_key
                .as_ref()
                .map(|key| key == user.email.key()),
        ) && holds(self.if_stamp.as_ref().map(|stamp| *stamp == user.stamp))
            && holds(self.if_updated_at.map(|at| at == user.updated_at))
    }

    /// The user after the change; guards are not asked.
    #[must_use]
    pub fn applied_to(&self, user: &User) -> User {
        fn set<T: Clone>(to: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                to.clone_from(value);
            }
        }
        let mut user = user.clone();
        let next = user.updated_at.saturating_add(Duration::from_millis(1));
        user.updated_at = self.at.max(next);
        set(&mut user.password, self.password.as_ref());
        set(&mut user.email, self.email.as_ref());
        set(&mut user.verified, self.verified.as_ref());
        set(&mut user.banned_at, self.banned_at.as_ref());
        set(&mut user.roles, self.roles.as_ref());
        set(&mut user.permissions, self.permissions.as_ref());
        set(&mut user.profile, self.profile.as_ref());
        set(&mut user.language, self.language.as_ref());
        set(&mut user.stamp, self.stamp.as_ref());
        set(&mut user.mfa_since, self.mfa_since.as_ref());
        set(&mut user.rights_changed_at, self.rights_changed_at.as_ref());
        user
    }
}
