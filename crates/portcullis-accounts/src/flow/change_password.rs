//! Setting a new password by whoever knows the old one.

use std::fmt;

use http::StatusCode;
use portcullis_core::{AuthUser, Denial};
use zeroize::Zeroizing;

use super::attempt::Attempt;
use super::issue::{NotBegun, Proven, Session};
use super::login::invalid_credentials;
use super::logout::{Means, means_of};
use super::password::Compared;
use super::reauthenticate::with_password;
use super::register::new_stamp;
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, LinkPurpose, StoredPassword, User};
use crate::store::{Change, Conflict, UserUpdate};
use crate::users::{Mode, Users};

/// How often the change is tried again when a login has hashed the same password anew meanwhile.
const ROUNDS: usize = 3;

/// The links that go: those by which whoever was here before could come back (AC-Z2). That a mailbox is somebody's can still be
/// proved, and a changed address changed back.
const GOING: [LinkPurpose; 3] = [
    LinkPurpose::ResetPassword,
    LinkPurpose::ChangeEmail,
    LinkPurpose::Unlock,
];

/// A new password in place of the old one. Both are wiped when this is dropped, and no `Debug` shows them.
#[derive(Clone, Default)]
pub struct ChangePassword {
    /// The password until now.
    pub current: Zeroizing<String>,
    /// The password from now on.
    pub new: Zeroizing<String>,
    /// What is to be given; as what the caller came with, unless said.
    pub mode: Option<Mode>,
}

impl ChangePassword {
    /// This password in place of that one.
    pub fn new(current: impl Into<String>, new: impl Into<String>) -> Self {
        Self {
            current: Zeroizing::new(current.into()),
            new: Zeroizing::new(new.into()),
            mode: None,
        }
    }
}

impl fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePassword")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// 422 `same_password` (AC-P5).
fn same_password() -> Denial {
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "same_password")
        .with_detail("the new password is the one that the account has")
        .with_field("newPassword", "same")
}

impl Users {
    /// Sets a new password. The caller goes on in a new session; all others end, access tokens and known devices with them, and
    /// links by which password or address could be changed are good for nothing any more. The owner is told by mail.
    ///
    /// # Errors
    ///
    /// 401 `invalid_credentials` (the old password is wrong, was changed meanwhile, or the account is locked), `unauthenticated`,
    /// `reauthentication_required` where the account has a second factor that the caller has not shown;
    /// 422 `weak_password`, `same_password`; 403 `key_not_allowed`; 429 `rate_limited`; 503 `busy`, `unavailable`.
    pub async fn change_password(
        &self,
        caller: &AuthUser,
        change: ChangePassword,
    ) -> Result<Session, Denial> {
        self.not_by_key(caller)?;
        let user = self.account_of(caller).await?;
        self.require_factors(caller, &user)?;
        self.limit_user(user.id, &self.inner.limits.change_password)
            .await?;
        let attempt = Attempt {
            identifier: user.email.as_str(),
            password: &change.current,
            user: Some(&user),
            failed: AuditKind::PasswordChanged,
        };
        self.prove(&attempt).await?;
        let hash = self.replacement(&change.new, &user).await?;
        let remember = self.is_remembered(caller, &user).await?;
        let mode = change.mode.unwrap_or_else(|| mode_of(caller));
        let session = self.replace(caller, user, &hash, (remember, mode)).await?;
        Ok(session)
    }

    /// The hash of the new password, which must be another one.
    async fn replacement(&self, new: &str, user: &User) -> Result<StoredPassword, Denial> {
        if let Compared::Right { .. } = self.compare(new, Some(user)).await? {
            return Err(same_password());
        }
        self.new_password(new, &self.policy_context(user)).await
    }

    /// Whether the session that goes on is to outlive the browser: as the one it comes from.
    async fn is_remembered(&self, caller: &AuthUser, user: &User) -> Result<bool, Denial> {
        match means_of(caller) {
            Means::Token => Ok(self.family_of(caller, user).await?.remember),
            Means::Cookie => Ok(self.cookie_login_of(caller, user).await?.remember()),
            Means::Other => Ok(false),
        }
    }

    /// Of several changes at once, one is made: the others have proved a password that is the account's no more.
    async fn replace(
        &self,
        caller: &AuthUser,
        mut user: User,
        hash: &StoredPassword,
        (remember, mode): (bool, Mode),
    ) -> Result<Session, Denial> {
        for _ in 0..ROUNDS {
            let mut update = self.password_update(&user, hash)?;
            let tokens = self.revoke_tokens(&user, &mut update);
            let proven = Proven {
                user: update.applied_to(&user),
                amr: with_password(caller.amr()),
                remember,
                mode,
                proved_at: None,
            };
            let mut changes = vec![Change::UpdateUser(Box::new(update)), tokens];
            changes.extend(self.with_new_password(caller, &user)?);
            match self.try_begin(proven, changes).await {
                Ok(session) => {
                    self.clean_up_sessions_but(&user, Some(session.id())).await;
                    return Ok(session);
                }
                Err(NotBegun::Commit(error)) if error.conflict() == Some(Conflict::Changed) => {
                    user = self.same_account(&user).await?;
                }
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(Denial::unavailable())
    }

    /// The account anew, if its password is still the one that was proved: every other one comes with another stamp.
    async fn same_account(&self, user: &User) -> Result<User, Denial> {
        let now = self.inner.store.user(&user.reference()).await?;
        now.filter(|now| now.stamp == user.stamp)
            .ok_or_else(invalid_credentials)
    }

    fn password_update(&self, user: &User, hash: &StoredPassword) -> Result<UserUpdate, Denial> {
        let mut update = UserUpdate::new(user.reference(), self.now());
        update.if_password = Some(user.password.clone());
        update.if_stamp = Some(user.stamp.clone());
        update.password = Some(Some(hash.clone()));
        update.stamp = Some(new_stamp()?);
        Ok(update)
    }

    /// What a new password brings with it.
    fn with_new_password(&self, caller: &AuthUser, user: &User) -> Result<Vec<Change>, Denial> {
        let entry = Entry::success(AuditKind::PasswordChanged)
            .by_caller(caller)
            .to(user.id);
        let mut changes = vec![
            self.end_families(user, None),
            Change::DropLinks {
                owner: user.reference(),
                purposes: GOING.to_vec(),
            },
            self.end_half_done(user),
        ];
        if self.settings().revokes_keys_with_password {
            changes.push(Change::DeleteKeys {
                owner: user.reference(),
            });
            let revoked = Entry::success(AuditKind::ApiKeyRevoked).reason("password_changed");
            changes.push(self.audit(revoked.by_caller(caller).to(user.id))?);
        }
        changes.push(self.audit(entry)?);
        changes.push(self.mail(user, Message::PasswordChanged)?);
        Ok(changes)
    }
}

fn mode_of(caller: &AuthUser) -> Mode {
    match means_of(caller) {
        Means::Cookie => Mode::Cookie,
        Means::Token | Means::Other => Mode::Token,
    }
}
