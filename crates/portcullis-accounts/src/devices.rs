//! Cookies by which a device is known again.

use std::time::Duration;

use http::HeaderValue;
use portcullis_core::{Timestamp, cookies};
use portcullis_session::SessionCookie;

use crate::model::User;
use crate::secrets::Secrets;
use crate::token::{DeviceToken, KNOWN_FOR};
use crate::users::Users;

/// More cookies of the name than this are not looked at.
const MOST: usize = 4;

/// How many users one browser is trusted for: who was trusted longest ago goes. Eight tokens are half a KiB, sent with every request.
const MOST_TRUSTED: usize = 8;

/// Between the tokens of trusted devices; no base64url, and no separator of cookies.
const BETWEEN: &str = ".";

/// How the cookies of devices are written and found.
#[derive(Debug, Clone)]
pub(crate) struct Devices {
    is_secure: bool,
    is_on: bool,
}

impl Devices {
    /// As strict as the session cookie is.
    pub(crate) fn new(cookie: &SessionCookie, is_on: bool) -> Self {
        Self {
            is_secure: cookie.name().starts_with("__Host-"),
            is_on,
        }
    }

    fn name(&self) -> &'static str {
        match self.is_secure {
            true => "__Host-device",
            false => "device",
        }
    }

    fn name_of_trusted(&self) -> &'static str {
        match self.is_secure {
            true => "__Host-trusted",
            false => "trusted",
        }
    }

    fn header(&self, user: &User, secrets: &Secrets, now: Timestamp) -> Option<HeaderValue> {
        let token = DeviceToken::new(user, secrets, now).write();
        let header = self.line(self.name(), &token, KNOWN_FOR);
        header.filter(|_| self.is_on)
    }

    fn line(&self, name: &str, token: &str, life: Duration) -> Option<HeaderValue> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let life = life.as_secs();
        let text =
            format!("{name}={token}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age={life}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

impl Users {
    /// The cookie by which this device is known from now on.
    pub(crate) fn device_cookie(&self, user: &User) -> Option<HeaderValue> {
        let inner = &self.inner;
        inner.devices.header(user, &inner.secrets, self.now())
    }

    /// Whether the request comes from a device that this user has logged in from.
    pub(crate) fn is_known_device(&self, user: &User) -> bool {
        let devices = &self.inner.devices;
        let fits = |text: &str| {
            DeviceToken::read(text)
                .is_some_and(|token| token.fits(user, &self.inner.secrets, self.now()))
        };
        devices.is_on
            && cookies(&self.origin.head, devices.name())
                .take(MOST)
                .any(fits)
    }

    /// The cookie of a device that is spared the second factor for as long, by these tokens: those that do not fit any more are dropped.
    pub(crate) fn trusted_cookie(&self, tokens: &[String], life: Duration) -> Option<HeaderValue> {
        let devices = &self.inner.devices;
        let kept = &tokens[..tokens.len().min(MOST_TRUSTED)];
        devices.line(devices.name_of_trusted(), &kept.join(BETWEEN), life)
    }

    /// What the request says to be tokens of trusted devices, at most eight.
    pub(crate) fn trusted_tokens(&self) -> Vec<String> {
        let name = self.inner.devices.name_of_trusted();
        let values = cookies(&self.origin.head, name);
        let tokens = values.flat_map(|value| value.split(BETWEEN));
        tokens.take(MOST_TRUSTED).map(str::to_owned).collect()
    }

    /// Whether the request carries a session cookie, good or not.
    pub(crate) fn has_session_cookie(&self) -> bool {
        cookies(&self.origin.head, &self.inner.cookie_name)
            .next()
            .is_some()
    }
}
