//! A first code makes a factor one that is asked for.

use std::fmt;

use http::HeaderValue;
use portcullis_core::{AuthUser, Denial};
use portcullis_jwt::IssuedToken;
use portcullis_mfa::{RecoveryCode, RecoveryCodes, Step};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::code::invalid_code;
use super::enrol::already_enabled;
use super::own_login::with_factor;
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, RecordId, User};
use crate::store::{Change, CommitError, Conflict, UserUpdate};
use crate::users::Users;

/// RFC 8176 §2.
const METHOD: &str = "otp";

/// A second factor that is asked for from now on. `Debug` shows no code.
///
/// In JSON `{"recoveryCodes"}`, and `token` and `expiresIn` where the login is by tokens.
#[non_exhaustive]
pub struct Activated {
    /// For when the app is lost: each works once. They are shown this once.
    pub recovery_codes: RecoveryCodes,
    /// An access token that says what was proved, where the login is by tokens. The caller's refresh token stays good, and gives
    /// such tokens from now on; the access token that the caller came with is good until it ends, and says no more than before.
    pub token: Option<IssuedToken>,
    /// `Set-Cookie` values, where the login is by cookie: the session's id is new.
    pub cookies: Vec<HeaderValue>,
}

impl Serialize for Activated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = json!({ "recoveryCodes": texts(&self.recovery_codes) });
        if let Some(token) = &self.token {
            let life = token
                .expires_at()
                .saturating_duration_since(token.issued_at());
            body["token"] = token.as_str().into();
            body["expiresIn"] = life.as_secs().into();
        }
        body.serialize(serializer)
    }
}

impl fmt::Debug for Activated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activated")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// The codes, as they are shown.
pub(crate) fn texts(codes: &RecoveryCodes) -> Vec<&str> {
    codes.iter().map(RecoveryCode::expose).collect()
}

/// What is to be committed for a factor whose first code was right.
pub(in crate::flow) struct Activation {
    /// The account as it is then: with a new stamp.
    pub(in crate::flow) user: User,
    /// They end every login of the account, but one, and everything half done; what is to be taken must come before them.
    pub(in crate::flow) changes: Vec<Change>,
    pub(in crate::flow) recovery_codes: RecoveryCodes,
}

impl Users {
    /// Turns on the factor that was [made](Self::enroll_totp), by a code of it (AC-O2: that code is used up by this). Every other
    /// login of the account ends, trusted and known devices with them (AC-O8); the caller's own goes on, and has proved both factors.
    /// The owner is told by mail.
    ///
    /// # Errors
    ///
    /// 401 `invalid_code` (also where there is nothing to turn on), `reauthentication_required`, `unauthenticated`; 403
    /// `key_not_allowed`; 409 `already_enabled`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn activate_totp(&self, caller: &AuthUser, code: &str) -> Result<Activated, Denial> {
        let user = self
            .proved_account(caller, &self.inner.limits.prove)
            .await?;
        let own = self.own_login(caller, &user).await?;
        let own = own.with_methods(self.now(), |amr| with_factor(amr, METHOD));
        let activation = self.activation(&user, code, own.family()).await?;
        let Activation {
            user: now,
            mut changes,
            recovery_codes,
        } = activation;
        let of_own = changes.len();
        changes.extend(self.going_on(caller, &now, &own)?);
        if let Err(error) = self.commit(changes).await {
            return Err(match error {
                CommitError::Conflict { index, .. } if of_own <= index => Denial::unauthenticated(),
                error => self.not_activated(&user, error).await?,
            });
        }
        let kept = self.go_on(&now, own, METHOD).await?;
        Ok(Activated {
            recovery_codes,
            token: kept.token,
            cookies: kept.cookies,
        })
    }

    /// Judges the first code of the factor that waits for one. `keep` is the one family that does not end.
    ///
    /// # Errors
    ///
    /// 401 `invalid_code`; 409 `already_enabled`; 503.
    pub(in crate::flow) async fn activation(
        &self,
        user: &User,
        code: &str,
        keep: Option<RecordId>,
    ) -> Result<Activation, Denial> {
        if user.mfa_since.is_some() {
            return Err(already_enabled());
        }
        let Some((factor, step)) = self.first_step(user, code).await? else {
            let failed = Entry::failure(AuditKind::MfaFailed, "wrong_code").by(user);
            self.record(failed).await?;
            return Err(invalid_code());
        };
        let now = self.now();
        let mut update = UserUpdate::new(user.reference(), now);
        update.if_stamp = Some(user.stamp.clone());
        update.mfa_since = Some(Some(now));
        let others = self.end_others(user, &mut update, keep)?;
        let (recovery_codes, put_codes) = self.new_recovery_codes(user)?;
        let changed = update.applied_to(user);
        let mut changes = vec![
            Change::UpdateUser(Box::new(update)),
            Change::ActivateFactor {
                owner: user.reference(),
                id: factor,
                step: step.number(),
                at: now,
            },
            put_codes,
        ];
        changes.extend(others);
        changes.push(self.audit(Entry::success(AuditKind::MfaEnrolled).by(user))?);
        changes.push(self.mail(user, Message::MfaEnabled)?);
        Ok(Activation {
            user: changed,
            changes,
            recovery_codes,
        })
    }

    /// What an [`activation`](Self::activation) was refused for, when it was committed: somebody was quicker.
    pub(in crate::flow) async fn not_activated(
        &self,
        user: &User,
        error: CommitError,
    ) -> Result<Denial, Denial> {
        Ok(match error.conflict() {
            Some(Conflict::FactorActive) => already_enabled(),
            // The factor that was read is not the one that waits any more.
            Some(Conflict::NotFound) => invalid_code(),
            Some(Conflict::Changed) => {
                let now = self.inner.store.user(&user.reference()).await?;
                match now.is_some_and(|now| now.mfa_since.is_some()) {
                    true => already_enabled(),
                    false => Denial::unauthenticated(),
                }
            }
            _ => error.into(),
        })
    }

    /// The factor that waits, and the step of this code of it.
    async fn first_step(
        &self,
        user: &User,
        code: &str,
    ) -> Result<Option<(RecordId, Step)>, Denial> {
        let factor = self.inner.store.factor(&user.reference()).await?;
        let Some(factor) = factor.filter(|factor| !factor.is_active()) else {
            return Ok(None);
        };
        let step = self.totp_of(&factor)?.matching_step(code, None, self.now());
        Ok(step.map(|step| (factor.id, step)))
    }

    /// Ten recovery codes, and the change that puts them in place of all that there were.
    pub(super) fn new_recovery_codes(
        &self,
        user: &User,
    ) -> Result<(RecoveryCodes, Change), Denial> {
        let codes = RecoveryCodes::generate().map_err(|_| Denial::unavailable())?;
        let id = user.id.to_string();
        let digests = codes.digests(&self.inner.vault.recovery, &[self.collection(), &id]);
        let put = Change::PutRecoveryCodes {
            owner: user.reference(),
            digests: digests.iter().map(|digest| *digest.as_bytes()).collect(),
        };
        Ok((codes, put))
    }
}
