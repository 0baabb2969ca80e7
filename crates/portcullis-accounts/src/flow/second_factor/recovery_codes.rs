//! New recovery codes in place of the old ones, and how many there are.

use portcullis_core::{AuthUser, Denial};
use portcullis_mfa::RecoveryCodes;
use serde::Serialize;

use super::code::SecondFactor;
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, Factor};
use crate::users::Users;

/// What an account has for a second factor.
///
/// In JSON `{"totp","recoveryCodesLeft"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SecondFactorStatus {
    /// Whether codes of an app are asked for.
    pub totp: bool,
    /// How many recovery codes were not used yet.
    pub recovery_codes_left: u32,
}

impl Users {
    /// Ten new recovery codes, by a code of the app; the old ones are good for nothing any more (AC-O7). The owner is told by mail.
    ///
    /// A recovery code does not do here: whoever has found one would have ten. Who has lost the app turns the factor
    /// [off](Self::disable_totp) by a recovery code, and makes another.
    ///
    /// # Errors
    ///
    /// 401 `invalid_code` (also where there is no factor), `reauthentication_required`, `unauthenticated`; 403 `key_not_allowed`; 429
    /// `rate_limited`; 503 `unavailable`.
    pub async fn replace_recovery_codes(
        &self,
        caller: &AuthUser,
        code: &str,
    ) -> Result<RecoveryCodes, Denial> {
        let user = self
            .proved_account(caller, &self.inner.limits.prove)
            .await?;
        let mut spent = self.judge_code(&user, SecondFactor::Totp(code)).await?;
        let (codes, put) = self.new_recovery_codes(&user)?;
        let mut changes = vec![self.while_logged_in(&user)];
        spent.put_into(&mut changes);
        changes.push(put);
        let replaced = Entry::success(AuditKind::MfaRecoveryReplaced);
        changes.push(self.audit(replaced.by_caller(caller).to(user.id))?);
        changes.push(self.mail(&user, Message::RecoveryCodesReplaced)?);
        let committed = self.commit(changes).await;
        self.settle_code(&user, spent, committed).await?;
        Ok(codes)
    }

    /// What the caller's account has for a second factor.
    ///
    /// # Errors
    ///
    /// 401 `reauthentication_required`, `unauthenticated`; 403 `key_not_allowed`; 503 `unavailable`.
    pub async fn second_factor_status(
        &self,
        caller: &AuthUser,
    ) -> Result<SecondFactorStatus, Denial> {
        self.id_of(caller)?;
        self.not_by_key(caller)?;
        self.require_fresh(caller)?;
        let owner = self.account_of(caller).await?.reference();
        let factor = self.inner.store.factor(&owner).await?;
        Ok(SecondFactorStatus {
            totp: factor.as_ref().is_some_and(Factor::is_active),
            recovery_codes_left: self.inner.store.recovery_codes_left(&owner).await?,
        })
    }
}
