//! The URI by which an authenticator app learns a secret.

mod percent;
#[cfg(feature = "qr-png")]
mod png;
#[cfg(any(feature = "qr-png", feature = "qr-svg"))]
mod qr;
#[cfg(feature = "qr-svg")]
mod svg;

use std::fmt;

use self::percent::Encoded;
use crate::{SecretText, TotpParameters};

#[cfg(any(feature = "qr-png", feature = "qr-svg"))]
pub use self::qr::QrError;

/// The longest issuer in bytes: more than an app shows.
const LONGEST_ISSUER: usize = 128;

/// The longest account in bytes: the longest address there can be (RFC 5321 §4.5.3.1: 64, `@`, 255).
const LONGEST_ACCOUNT: usize = 320;

/// `otpauth://totp/Issuer:account?secret=…&issuer=…&algorithm=SHA1&digits=6&period=30`, percent-encoded.
///
/// It holds the secret: show it, or a QR code of it, to the user once, over TLS and with `Cache-Control: no-store`. It is
/// wiped when dropped, and `Debug` does not show it.
///
/// ```
/// use portcullis_mfa::Totp;
///
/// let totp = Totp::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")?;
/// assert_eq!(
///     totp.uri("Big Corp", "ada@example.com")?.expose(),
///     "otpauth://totp/Big%20Corp:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
///      &issuer=Big%20Corp&algorithm=SHA1&digits=6&period=30"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OtpauthUri(SecretText);

impl OtpauthUri {
    pub(crate) fn new(
        secret: &SecretText,
        parameters: TotpParameters,
        issuer: &str,
        account: &str,
    ) -> Result<Self, InvalidLabel> {
        check("issuer", issuer, LONGEST_ISSUER)?;
        check("account", account, LONGEST_ACCOUNT)?;
        // A colon ends the issuer even where it is encoded; an account may hold one, for it is the rest.
        if issuer.contains(':') {
            return Err(InvalidLabel {
                which: "issuer",
                why: "contains a colon",
            });
        }
        Ok(Self(write(secret, parameters, issuer, account)))
    }

    /// The URI itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The URI as a QR code: an SVG document of a few kilobytes, which scales to wherever it is put. It needs no styles and
    /// no scripts, so the strictest content security policy admits it.
    ///
    /// # Errors
    ///
    /// See [`QrError`].
    #[cfg(feature = "qr-svg")]
    #[cfg_attr(docsrs, doc(cfg(feature = "qr-svg")))]
    pub fn qr_svg(&self) -> Result<String, QrError> {
        Ok(svg::draw(&qr::Modules::of(self.expose())?))
    }

    /// The URI as a QR code: a PNG image, black on white, eight pixels a module.
    ///
    /// # Errors
    ///
    /// See [`QrError`].
    #[cfg(feature = "qr-png")]
    #[cfg_attr(docsrs, doc(cfg(feature = "qr-png")))]
    pub fn qr_png(&self) -> Result<Vec<u8>, QrError> {
        png::draw(&qr::Modules::of(self.expose())?)
    }
}

fn check(which: &'static str, text: &str, longest: usize) -> Result<(), InvalidLabel> {
    let refuse = |why| Err(InvalidLabel { which, why });
    if text.trim().is_empty() {
        return refuse("is empty");
    }
    if text.len() > longest {
        return refuse("is too long");
    }
    if text.chars().any(char::is_control) {
        return refuse("contains a control character");
    }
    Ok(())
}

fn write(
    secret: &SecretText,
    parameters: TotpParameters,
    issuer: &str,
    account: &str,
) -> SecretText {
    let (issuer, account) = (Encoded(issuer), Encoded(account));
    // Enough for all that `check` admits, so that no copy of the secret is left behind by growing.
    let mut uri = String::with_capacity(3 * (2 * LONGEST_ISSUER + LONGEST_ACCOUNT) + 320);
    for piece in [
        format_args!("otpauth://totp/{issuer}:{account}"),
        format_args!("?secret={}", secret.expose()),
        format_args!("&issuer={issuer}"),
        format_args!("&algorithm={}", parameters.algorithm().name()),
        format_args!("&digits={}", parameters.digits().count()),
        format_args!("&period={}", parameters.period_seconds()),
    ] {
        // Writing into a string cannot fail.
        let _ = fmt::Write::write_fmt(&mut uri, piece);
    }
    SecretText::new(uri)
}

impl fmt::Debug for OtpauthUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpauthUri(redacted)")
    }
}

/// The issuer or the account cannot stand in an `otpauth` URI: it is empty, longer than 128 (issuer) or 320 bytes (account),
/// holds a control character, or the issuer holds a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLabel {
    which: &'static str,
    why: &'static str,
}

impl fmt::Display for InvalidLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} {}", self.which, self.why)
    }
}

impl std::error::Error for InvalidLabel {}
