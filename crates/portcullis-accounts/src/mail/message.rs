use serde::{Deserialize, Serialize};

use crate::model::LinkPurpose;

/// What a mail says, before it is put into words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Message {
    /// Prove that this address is yours.
    VerifyEmail {
        /// The whole link.
        link: String,
    },
    /// Somebody has tried to register with this address, which has an account already.
    AlreadyRegistered,
    /// Set a new password.
    ResetPassword {
        /// The whole link.
        link: String,
    },
    /// A new password was asked for, but this account has none yet.
    NoPassword {
        /// By which; none where it cannot log in at all yet.
        providers: Vec<String>,
        /// The whole link by which it can set a password.
        link: Option<String>,
    },
    /// The password was changed.
    PasswordChanged,
    /// Prove that this address is yours, to make it the account's.
    ChangeEmail {
        /// The whole link.
        link: String,
    },
    /// Somebody has tried to make this address theirs, which is another account's.
    EmailInUse,
    /// The account's address was changed; this goes to the former one.
    EmailChanged {
        /// The whole link by which it is changed back, where there is one.
        undo: Option<String>,
    },
    /// Too many wrong passwords: the account is locked.
    AccountLocked,
    /// End the lock.
    Unlock {
        /// The whole link.
        link: String,
    },
    /// Somebody has logged in after many wrong passwords.
    LoginAfterFailures,
    /// The account was deleted.
    AccountDeleted,
    /// A second factor is asked for from now on.
    MfaEnabled,
    /// No second factor is asked for any more.
    MfaDisabled,
    /// Too many wrong codes: the second factor is locked.
    MfaLocked,
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// How many there are still.
        left: u32,
    },
    /// There are new recovery codes; the old ones are nothing.
    RecoveryCodesReplaced,
    /// The account can be logged in to by a provider from now on.
    IdentityLinked {
        /// The provider, as people know it.
        provider: String,
    },
    /// The account cannot be logged in to by a provider any more.
    IdentityUnlinked {
        /// The provider, as people know it.
        provider: String,
    },
}

impl Message {
    /// The message that a link is mailed with.
    pub(crate) fn with_link(purpose: LinkPurpose, link: String) -> Self {
        match purpose {
            LinkPurpose::VerifyEmail => Self::VerifyEmail { link },
            LinkPurpose::ResetPassword => Self::ResetPassword { link },
            LinkPurpose::ChangeEmail => Self::ChangeEmail { link },
            LinkPurpose::UndoEmail => Self::EmailChanged { undo: Some(link) },
            LinkPurpose::Unlock => Self::Unlock { link },
        }
    }

    /// A stable name: `verify_email`, `password_changed` …
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::AlreadyRegistered => "already_registered",
            Self::ResetPassword { .. } => "reset_password",
            Self::NoPassword { .. } => "no_password",
            Self::PasswordChanged => "password_changed",
            Self::ChangeEmail { .. } => "change_email",
            Self::EmailInUse => "email_in_use",
            Self::EmailChanged { .. } => "email_changed",
            Self::AccountLocked => "account_locked",
            Self::Unlock { .. } => "unlock",
            Self::LoginAfterFailures => "login_after_failures",
            Self::AccountDeleted => "account_deleted",
            Self::MfaEnabled => "mfa_enabled",
            Self::MfaDisabled => "mfa_disabled",
            Self::MfaLocked => "mfa_locked",
            Self::RecoveryCodeUsed { .. } => "recovery_code_used",
            Self::RecoveryCodesReplaced => "recovery_codes_replaced",
            Self::IdentityLinked { .. } => "identity_linked",
            Self::IdentityUnlinked { .. } => "identity_unlinked",
        }
    }
}

impl std::fmt::Debug for Message {
    /// The kind alone: links are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}
