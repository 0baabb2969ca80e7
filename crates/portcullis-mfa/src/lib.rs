//! Second factors for Portcullis: TOTP with QR codes, recovery codes, and secrets sealed at rest.
//!
//! Pieces without a store and without HTTP, for any application:
//!
//! - [`Totp`] is a secret shared with an authenticator app (RFC 6238): made, shown as a [QR code](OtpauthUri), checked.
//! - [`RecoveryCodes`] are for those who have lost the app; [`RecoveryKeys`] make of them what a store keeps.
//! - [`SealingKeys`] encrypt what must be read again, such as a TOTP's secret, under keys that change.
//!
//! # A second factor's life
//!
//! ```
//! use portcullis_core::{Clock, SystemClock};
//! use portcullis_mfa::{RecoveryCode, RecoveryCodes, RecoveryKeys, SealingKeys, Totp};
//!
//! // From a vault, not from the database.
//! # let (sealing_key, recovery_key) = ([1; 32], [2; 32]);
//! let sealing = SealingKeys::new("2026", &sealing_key)?;
//! let recovery = RecoveryKeys::new(&recovery_key)?;
//! let clock = SystemClock;
//!
//! // Enrol: show the QR code or the secret, once, and keep the secret sealed for this user alone.
//! let totp = Totp::generate()?;
//! let uri = totp.uri("Acme", "ada@example.com")?;
//! # #[cfg(feature = "qr-svg")]
//! let picture = uri.qr_svg()?;
//! let by_hand = totp.secret_base32();
//! let stored = sealing.seal(totp.to_bytes().expose(), &["totp", "users", "42"])?;
//!
//! // Turn it on only after a first good code, and hand out recovery codes.
//! # let typed = totp.code_at(clock.now()).expose().to_owned();
//! let mut last_step = None;
//! assert!(totp.verify(&typed, &mut last_step, clock.now()));
//! let codes = RecoveryCodes::generate()?;
//! let digests = codes.digests(&recovery, &["users", "42"]);
//!
//! // Log in: a code works once.
//! let totp = Totp::from_bytes(sealing.open(&stored, &["totp", "users", "42"])?.expose())?;
//! assert!(!totp.verify(&typed, &mut last_step, clock.now()));
//!
//! // Or with a recovery code, which is then taken off the list.
//! # let typed = codes.as_slice()[7].expose().to_uppercase();
//! let typed: RecoveryCode = typed.parse()?;
//! let used = recovery.find(&typed, &["users", "42"], &digests);
//! assert_eq!(used, Some(7));
//! # let _ = (uri, by_hand);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A code works once
//!
//! [`Totp::verify`] moves `last_step` on, and no code of that step or an earlier one is good again. Where the last step lies
//! in a store that several requests use, that must be one step there as well. [`Totp::matching_step`] gives its number; the
//! code is good if the store could move the user's last step from less than that number to that number, in one conditional
//! update. Do the same wherever a code is asked for: at login, before something delicate, and to turn the factor off.
//! Likewise a recovery code is good if the store could take one of [`RecoveryKeys::candidates`] away.
//!
//! # What is not here
//!
//! Six digits can be guessed. Limit wrong codes, per login and per account (`portcullis-limit`, and the flows of
//! `portcullis-accounts`), and give the same answer to a wrong code, an old one and a used one, as
//! [`Totp::verify`] does.
//!
//! # Defaults
//!
//! | what | default | may be |
//! | --- | --- | --- |
//! | hash | SHA-1, which every app knows | SHA-256, SHA-512 |
//! | secret | as long as the hash: 20 bytes | 16 to 128 bytes, for secrets that exist already |
//! | digits | 6 | 7, 8 |
//! | period | 30 s | 15 to 300 s |
//! | skew: how many steps a clock may be off | 1 | 0, 2 |
//! | recovery codes | 10 of 80 bits | |
//!
//! With a skew of 1 a code is good for the 30 seconds in which it is shown, and the 30 seconds before and after. ASVS 6.5.5
//! read to the letter allows the 30 seconds only; who wants that takes [`with_skew(0)`](Totp::with_skew), and users whose
//! clocks are right.
//!
//! # Secrets
//!
//! Whatever is secret here is wiped when it is dropped, has no `Display` and no `Serialize`, and is not shown by `Debug`; to
//! get at it, say `expose`. QR codes are the exception: they are plain strings and bytes, on their way into a response. Send
//! them with `Cache-Control: no-store`.
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `qr-svg` | `OtpauthUri::qr_svg` |
//! | `qr-png` | `OtpauthUri::qr_png` |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod context;
mod error;
mod otpauth;
mod random;
mod recovery;
mod sealing;
mod secret;
mod totp;
mod typed;

pub use self::error::ConfigError;
#[cfg(any(feature = "qr-png", feature = "qr-svg"))]
pub use self::otpauth::QrError;
pub use self::otpauth::{InvalidLabel, OtpauthUri};
pub use self::random::RandomnessUnavailable;
pub use self::recovery::{
    InvalidRecoveryCode, InvalidRecoveryDigest, RecoveryCode, RecoveryCodes, RecoveryDigest,
    RecoveryKeys,
};
pub use self::sealing::{OpenError, OpenErrorKind, SealError, SealingKeys};
pub use self::secret::{SecretBytes, SecretText};
pub use self::totp::{Digits, InvalidSecret, Step, Totp, TotpAlgorithm, TotpParameters};
