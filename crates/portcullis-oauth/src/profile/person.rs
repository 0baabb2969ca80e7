use std::fmt;

use serde_json::{Map, Value};

use crate::{OauthError, OauthErrorKind};

/// The longest subject (OpenID Connect Core §2), in bytes.
const LONGEST_SUBJECT: usize = 255;

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
    /// An e-mail address, as the provider writes it.
    pub email: Option<String>,
    /// Whether the provider says that the address is the user's. Never true without an address.
    pub email_verified: bool,
    /// What the user is called, or likes to be.
    pub name: Option<String>,
    /// The URL of a picture, on somebody else's server: `https`, and not checked any further.
    pub picture: Option<String>,
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
            claims: Map::new(),
        }
    }

    /// With an address, and whether the provider has verified it. An empty one is none.
    #[must_use]
    pub fn email(mut self, email: Option<&str>, verified: bool) -> Self {
        self.email = filled(email);
        self.email_verified = verified && self.email.is_some();
        self
    }

    /// With a name. An empty one is none.
    #[must_use]
    pub fn name(mut self, name: Option<&str>) -> Self {
        self.name = filled(name);
        self
    }

    /// With the URL of a picture. One that is not `https` is none: others are for tracking, or for worse.
    #[must_use]
    pub fn picture(mut self, picture: Option<&str>) -> Self {
        self.picture = filled(picture).filter(|url| url.starts_with("https://"));
        self
    }

    pub(crate) fn with_claims(mut self, claims: Map<String, Value>) -> Self {
        self.claims = claims;
        self
    }

    /// Refuses a subject that is none: empty, longer than 255 bytes, or with control characters.
    pub(crate) fn checked(self) -> Result<Self, OauthError> {
        let subject = &self.subject;
        let is_one = !subject.trim().is_empty()
            && subject.len() <= LONGEST_SUBJECT
            && !subject.chars().any(char::is_control);
        match is_one {
            true => Ok(self),
            false => Err(OauthErrorKind::NoSubject.into()),
        }
    }
}

fn filled(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
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
