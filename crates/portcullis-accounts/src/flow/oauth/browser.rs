//! The cookie that binds a login by a provider to the browser in which it was begun (AC-A1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use portcullis_core::{Denial, cookies};
use zeroize::Zeroizing;

use super::LIFE;
use crate::secrets::Use;
use crate::users::Users;

/// 256 random bits in base64url.
const LENGTH: usize = 43;

/// More cookies of the name than this are not looked at.
const MOST: usize = 4;

/// A browser, as it is known for as long as a login takes.
pub(super) struct Browser {
    /// What is kept of it with the login.
    pub(super) hash: String,
    /// The `Set-Cookie` value by which it is known again.
    pub(super) cookie: HeaderValue,
}

impl Users {
    /// The browser that asks. One that has such a cookie keeps it, so that logins in two of its tabs do not end each other.
    pub(super) fn browser(&self) -> Result<Browser, Denial> {
        let own = self.own_browsers().find(|value| is_well_formed(value));
        let value = match own {
            Some(value) => Zeroizing::new(value.to_owned()),
            None => random()?,
        };
        Ok(Browser {
            hash: self.browser_hash(&value),
            cookie: self.browser_cookie(&value)?,
        })
    }

    /// Whether it is the browser that this was kept of.
    pub(super) fn is_browser(&self, hash: &str) -> bool {
        let fits = |value: &str| {
            is_well_formed(value) && self.is_keyed(Use::Client, &browser_text(value), hash)
        };
        self.own_browsers().any(fits)
    }

    fn own_browsers(&self) -> impl Iterator<Item = &str> {
        cookies(&self.origin.head, self.browser_cookie_name()).take(MOST)
    }

    /// As strict as the session cookie is.
    fn browser_cookie_name(&self) -> &'static str {
        match self.has_secure_cookies() {
            true => "__Host-oauth",
            false => "oauth",
        }
    }

    fn has_secure_cookies(&self) -> bool {
        self.inner.cookie_name.starts_with("__Host-")
    }

    fn browser_hash(&self, value: &str) -> String {
        self.keyed(Use::Client, &browser_text(value))
    }

    /// `SameSite=Lax`, for coming back from the provider is a navigation that another site begins.
    fn browser_cookie(&self, value: &str) -> Result<HeaderValue, Denial> {
        let (name, life) = (self.browser_cookie_name(), LIFE.as_secs());
        let secure = if self.has_secure_cookies() {
            "; Secure"
        } else {
            ""
        };
        let text =
            format!("{name}={value}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age={life}");
        let mut header = HeaderValue::try_from(text).map_err(|_| Denial::unavailable())?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn browser_text(value: &str) -> String {
    format!("browser {value}")
}

fn is_well_formed(value: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(value);
    value.len() == LENGTH && bytes.is_ok_and(|bytes| bytes.len() == 32)
}

fn random() -> Result<Zeroizing<String>, Denial> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|_| Denial::unavailable())?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}
