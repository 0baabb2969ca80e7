//! Cookies by which a device is known again.

use http::HeaderValue;
use portcullis_core::{Timestamp, cookies};
use portcullis_session::SessionCookie;

use crate::model::User;
use crate::secrets::Secrets;
use crate::token::{DeviceToken, KNOWN_FOR};
use crate::users::Users;

/// More cookies of the name than this are not looked at.
const MOST: usize = 4;

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

    fn header(&self, user: &User, secrets: &Secrets, now: Timestamp) -> Option<HeaderValue> {
        let (name, life) = (self.name(), KNOWN_FOR.as_secs());
        let secure = if self.is_secure { "; Secure" } else { "" };
        let token = DeviceToken::new(user, secrets, now).write();
        let text =
            format!("{name}={token}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age={life}");
        let mut header = HeaderValue::try_from(text).ok().filter(|_| self.is_on)?;
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

    /// Whether the request carries a session cookie, good or not.
    pub(crate) fn has_session_cookie(&self) -> bool {
        cookies(&self.origin.head, &self.inner.cookie_name)
            .next()
            .is_some()
    }
}
