//! A second factor is made; it asks for nothing until its user has shown a first code of it.

use std::fmt;

use http::StatusCode;
use portcullis_core::{AuthUser, Denial};
use portcullis_mfa::{OtpauthUri, SecretText, Totp};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::audit::Entry;
use crate::model::{AuditKind, Factor, RecordId, User};
use crate::store::{Change, CommitError, Conflict};
use crate::users::Users;

/// How apps name an account of a service that has no name and no host.
const NAMELESS: &str = "Account";

/// The longest name of a service in an app, in characters: of four bytes at most each, they fit what [`Totp::uri`] takes.
const LONGEST_ISSUER: usize = 32;

/// What an authenticator app is to be given. It is shown this once: it can be read nowhere afterwards, and no `Debug` shows it.
///
/// In JSON `{"secret","uri","qrSvg"}`.
#[non_exhaustive]
pub struct Enrolment {
    /// The secret in base32, to be typed by who cannot scan.
    pub secret: SecretText,
    /// `otpauth://totp/…`, for apps on the same device (AC-O10).
    pub uri: OtpauthUri,
    /// The same as a QR code: an SVG document.
    pub qr_svg: Zeroizing<String>,
}

impl Enrolment {
    fn new(totp: &Totp, issuer: &str, account: &str) -> Result<Self, Denial> {
        let uri = totp.uri(issuer, account).map_err(|error| {
            tracing::error!(%error, "a second factor could not be named");
            Denial::unavailable()
        })?;
        let qr_svg = uri.qr_svg().map_err(|error| {
            tracing::error!(%error, "a second factor could not be drawn");
            Denial::unavailable()
        })?;
        Ok(Self {
            secret: totp.secret_base32(),
            uri,
            qr_svg: Zeroizing::new(qr_svg),
        })
    }
}

impl Serialize for Enrolment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("Enrolment", 3)?;
        body.serialize_field("secret", self.secret.expose())?;
        body.serialize_field("uri", self.uri.expose())?;
        body.serialize_field("qrSvg", &**self.qr_svg)?;
        body.end()
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enrolment(***)")
    }
}

/// A factor that waits for its first code.
pub(in crate::flow) struct NewEnrolment {
    pub(in crate::flow) shown: Enrolment,
    /// What keeps it, in place of one that waited before.
    pub(in crate::flow) put: Change,
    /// Its entry in the audit trail.
    pub(in crate::flow) begun: Change,
}

/// 409 `already_enabled`.
pub(in crate::flow) fn already_enabled() -> Denial {
    Denial::new(StatusCode::CONFLICT, "already_enabled")
        .with_detail("this account has a second factor; disable it before making another")
}

/// 403 `email_not_verified`: somebody else's address could be shut out of its owner's reach (AC-O5).
fn email_not_verified() -> Denial {
    Denial::new(StatusCode::FORBIDDEN, "email_not_verified")
        .with_detail("the address of this account has not been proved")
}

impl Users {
    /// Makes a second factor for the caller, and shows what an authenticator app is to be given. It asks for nothing until
    /// [`activate_totp`](Self::activate_totp) has seen a first code of it; making another one puts it aside.
    ///
    /// # Errors
    ///
    /// 401 `reauthentication_required` without a proof of the last ten minutes (AC-O5), `unauthenticated`; 403 `key_not_allowed`,
    /// `email_not_verified`; 409 `already_enabled`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn enroll_totp(&self, caller: &AuthUser) -> Result<Enrolment, Denial> {
        let user = self
            .proved_account(caller, &self.inner.limits.manage)
            .await?;
        let new = self.new_enrolment(&user)?;
        let changes = vec![self.while_logged_in(&user), new.put, new.begun];
        let committed = self.commit(changes).await;
        committed.map_err(not_enrolled)?;
        Ok(new.shown)
    }

    /// A factor for this account, to be kept with `put` and `begun` in a commit that also makes sure of who asks.
    /// [`FactorActive`](Conflict::FactorActive) of that commit is [`already_enabled`].
    pub(in crate::flow) fn new_enrolment(&self, user: &User) -> Result<NewEnrolment, Denial> {
        if user.mfa_since.is_some() {
            return Err(already_enabled());
        }
        if !user.verified {
            return Err(email_not_verified());
        }
        let totp = Totp::generate().map_err(|_| Denial::unavailable())?;
        let now = self.now();
        let mut factor = Factor {
            id: RecordId::new(now)?,
            owner: user.reference(),
            sealed: Vec::new(),
            last_step: None,
            created_at: now,
            activated_at: None,
        };
        factor.sealed = self.sealed_totp(&totp, &factor)?;
        Ok(NewEnrolment {
            shown: Enrolment::new(&totp, &self.issuer_name(), user.email.as_str())?,
            put: Change::PutFactor(Box::new(factor)),
            begun: self.audit(Entry::success(AuditKind::MfaEnrolmentBegun).by(user))?,
        })
    }

    /// How apps name the service: as its mails do, or by its host. A colon would end the name (see [`Totp::uri`]).
    fn issuer_name(&self) -> String {
        let base = &self.inner.base_url;
        let host = base.split_once("://").map_or(&**base, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let name = match self.inner.service_name.trim() {
            "" => host,
            name => name,
        };
        let plain = |letter: char| match letter == ':' || letter.is_control() {
            true => ' ',
            false => letter,
        };
        let name: String = name.chars().map(plain).take(LONGEST_ISSUER).collect();
        match name.trim() {
            "" => NAMELESS.to_owned(),
            name => name.to_owned(),
        }
    }
}

fn not_enrolled(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::FactorActive) => already_enabled(),
        Some(Conflict::Changed | Conflict::NotFound) => Denial::unauthenticated(),
        _ => error.into(),
    }
}
