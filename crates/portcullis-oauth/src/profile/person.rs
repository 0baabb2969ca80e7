use std::fmt;

use oauth2::url::Url;
use portcullis_core::Timestamp;
use serde_json::{Map, Value};

use crate::{OauthError, OauthErrorKind};

/// The longest subject (OpenID Connect Core §2), in bytes.
const LONGEST_SUBJECT: usize = 255;

/// The longest address: 64 bytes, `@`, and 255 (RFC 5321 §4.5.3.1).
const LONGEST_EMAIL: usize = 320;

/// The longest name, in bytes; people's are shorter, and some stores are glad of a bound.
const LONGEST_NAME: usize = 512;

/// The longest URL of a picture, in bytes.
const LONGEST_PICTURE: usize = 2048;

/// A user as a provider knows them.
///
/// **The identity is `issuer` and `subject` together**, and nothing else: names and addresses change hands (ASVS 6.8.1, 10.5.2).
/// An address counts only with `email_verified`, and even then it says who had the mailbox at the provider's time of asking.
///
/// `Debug` shows the identity alone.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// The name of the provider in the configuration; filled in by this crate.
    pub provider: String,
    /// The issuer; filled in by this crate.
    pub issuer: String,
    /// The provider's own id of the user: never empty, never given to anybody else, at most 255 bytes.
    pub subject: String,
    /// An e-mail address, as the provider writes it: at most 320 bytes, without control characters.
    pub email: Option<String>,
    /// Whether the provider says that the address is the user's. Never true without an address.
    pub email_verified: bool,
    /// What the user is called, or likes to be: at most 512 bytes, without control characters, and otherwise anything.
    pub name: Option<String>,
    /// The URL of a picture, on somebody else's server: `https`, with everything encoded that a URL has to encode.
    pub picture: Option<String>,
    /// When the user last logged in at the provider, by the signed word of its ID token (`auth_time`). `None` where it does not say:
    /// then it may have answered for a session of any age, without asking anybody anything. Never userinfo's word.
    pub authenticated_at: Option<Timestamp>,
    /// All that the provider said, unfiltered. Where there is an ID token, its claims go before those of userinfo.
    pub claims: Map<String, Value>,
}

impl Profile {
    /// A user of whom the provider's id is known; for the closure of [`Provider::oauth2`](crate::Provider::oauth2).
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            provider: String::new(),
            issuer: String::new(),
            subject: subject.into(),
            email: None,
            email_verified: false,
            name: None,
            picture: None,
            authenticated_at: None,
            claims: Map::new(),
        }
    }

    /// With an address, and whether the provider has verified it. One that is empty, longer than 320 bytes, or has control
    /// characters is none.
    #[must_use]
    pub fn email(mut self, email: Option<&str>, verified: bool) -> Self {
        self.email = text(email, LONGEST_EMAIL);
        self.email_verified = verified && self.email.is_some();
        self
    }

    /// With a name. One that is empty, longer than 512 bytes, or has control characters is none.
    #[must_use]
    pub fn name(mut self, name: Option<&str>) -> Self {
        self.name = text(name, LONGEST_NAME);
        self
    }

    /// With the URL of a picture. One that is not `https` is none: others are for tracking, or for worse.
    #[must_use]
    pub fn picture(mut self, picture: Option<&str>) -> Self {
        self.picture = text(picture, LONGEST_PICTURE).and_then(|url| https(&url));
        self
    }

    pub(crate) fn with_claims(mut self, claims: Map<String, Value>) -> Self {
        self.claims = claims;
        self
    }

    pub(crate) fn with_authentication(mut self, at: Option<Timestamp>) -> Self {
        self.authenticated_at = at;
        self
    }

    /// Refuses a subject that is none: empty, longer than 255 bytes, or with control characters.
    pub(crate) fn checked(self) -> Result<Self, OauthError> {
        let subject = &self.subject;
        let is_one = !subject.trim().is_empty()
            && subject.len() <= LONGEST_SUBJECT
            && !subject.contains(char::is_control);
        match is_one {
            true => Ok(self),
            false => Err(OauthErrorKind::NoSubject.into()),
        }
    }
}

/// A text of this many bytes at most that can be shown, mailed and stored: NUL, which some stores refuse, and line breaks, which
/// begin another header, are in none.
fn text(text: Option<&str>, longest: usize) -> Option<String> {
    let is_text =
        |text: &&str| !text.is_empty() && text.len() <= longest && !text.contains(char::is_control);
    text.filter(is_text).map(str::to_owned)
}

/// What stands in it as it must not is encoded, so that it can stand in an attribute.
fn https(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    (url.scheme() == "https" && url.has_host()).then(|| url.into())
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("provider", &self.provider)
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}
