use std::fmt;

use portcullis_core::Timestamp;

use super::{RecordId, UserRef};

macro_rules! audit_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)+) => {
        /// What happened. The names are stable: dashboards and alerts are built on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum AuditKind {
            $($(#[$doc])* #[doc = concat!("`", $name, "`")] $kind,)+
        }

        impl AuditKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// As stores, logs and the API write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

audit_kinds! {
    UserRegistered = "user.registered",
    UserVerified = "user.verified",
    UserUpdated = "user.updated",
    UserDeleted = "user.deleted",
    UserBanned = "user.banned",
    UserUnbanned = "user.unbanned",
    LoginSucceeded = "login.succeeded",
    LoginFailed = "login.failed",
    LoginChallenged = "login.challenged",
    Logout = "logout",
    LogoutAll = "logout_all",
    SessionCreated = "session.created",
    SessionRevoked = "session.revoked",
    SessionRotated = "session.rotated",
    Reauthenticated = "session.reauthenticated",
    RefreshRotated = "refresh.rotated",
    RefreshReuseDetected = "refresh.reuse_detected",
    PasswordChanged = "password.changed",
    PasswordResetRequested = "password.reset_requested",
    PasswordReset = "password.reset",
    PasswordRehashed = "password.rehashed",
    PasswordCheckUnavailable = "password.check_unavailable",
    EmailVerificationSent = "email.verification_sent",
    EmailChangeRequested = "email.change_requested",
    EmailChanged = "email.changed",
    MfaEnrolmentBegun = "mfa.enrolment_begun",
    MfaEnrolled = "mfa.enrolled",
    MfaVerified = "mfa.verified",
    MfaFailed = "mfa.failed",
    MfaDisabled = "mfa.disabled",
    MfaRecoveryUsed = "mfa.recovery_used",
    MfaRecoveryReplaced = "mfa.recovery_replaced",
    MfaLocked = "mfa.locked",
    ApiKeyCreated = "api_key.created",
    ApiKeyFirstUsed = "api_key.used_first",
    ApiKeyRevoked = "api_key.revoked",
    ApiKeyRotated = "api_key.rotated",
    ApiKeyDenied = "api_key.denied",
    OauthLinked = "oauth.linked",
    OauthUnlinked = "oauth.unlinked",
    OauthLogin = "oauth.login",
    RoleGranted = "role.granted",
    RoleRevoked = "role.revoked",
    AccountLocked = "account.locked",
    AccountUnlocked = "account.unlocked",
    UnlockRequested = "account.unlock_requested",
    RateLimited = "rate_limited",
    SigningKeyCreated = "signing_key.created",
    SigningKeyForgotten = "signing_key.forgotten",
    /// Something that this version has no name for: a newer one wrote it into the same store. Nothing writes it as this. Its name in the
    /// API is
    Unknown = "unknown",
}

impl AuditKind {
    /// The kind that is written like this.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// What was asked for was done.
    Success,
    /// It was refused.
    Failure,
}

impl Outcome {
    /// `success` or `failure`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// One entry of the audit trail.
///
/// It never holds a secret, a token, or the address of somebody who has no account (a keyed hash of it stands in `detail`).
/// Control characters of what strangers sent are escaped before they get here.
#[derive(Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its id; ids sort by time.
    pub id: RecordId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, as a code: `wrong_password`, `reuse`, `by_admin` …
    pub reason: Option<String>,
    /// The collection that it happened in.
    pub collection: String,
    /// Who did it, where somebody known did.
    pub actor: Option<UserRef>,
    /// Whom it happened to, where it is an account.
    pub subject: Option<RecordId>,
    /// From which address; cut to a network where the settings say so.
    pub ip: Option<String>,
    /// By which client, as it says; at most 512 bytes.
    pub user_agent: Option<String>,
    /// Which request, where one is known.
    pub request_id: Option<String>,
    /// Which session, where one is concerned.
    pub session_id: Option<String>,
    /// Anything else that is worth knowing: the id of a key, the name of a role, a keyed hash of an unknown address.
    pub detail: Option<String>,
}

impl fmt::Debug for AuditEvent {
    /// Ids and codes: no address of any kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditEvent")
            .field("id", &self.id)
            .field("kind", &self.kind.as_str())
            .field("outcome", &self.outcome.as_str())
            .field("reason", &self.reason)
            .field("actor", &self.actor)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// One page of the audit trail, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditQuery {
    /// The collection.
    pub collection: String,
    /// Only what concerns this user of the collection: as the one who did it, or whom it happened to.
    pub user: Option<RecordId>,
    /// Only this kind.
    pub kind: Option<AuditKind>,
    /// Only what is older than this entry.
    pub before: Option<RecordId>,
    /// At most this many.
    pub limit: u32,
}
