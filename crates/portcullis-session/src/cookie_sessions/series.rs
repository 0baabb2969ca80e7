//! The tokens of a remembered login, one after the other: how a copied cookie gives itself away.
//!
//! Beside the session id, which stays, the cookie has a token, which is replaced while the login is used. Token *n* is an HMAC
//! of *n* under a key in the session's row, so that requests at once come to the same next token, and whatever a slow save
//! writes over, no token that the browser was given is ever unknown. A token is over once the browser has shown the next one;
//! until then it stays good, since the answer that brought the next one may have been lost.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use portcullis_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{SessionError, secret};

/// The key of a session's data that the series stands under. It is Portcullis' own.
pub(super) const SERIES_KEY: &str = "portcullis.series";

/// For requests that were under way while the browser got its next token: as long as refresh tokens have (AC-R1). An answer that
/// takes longer does not bring a token either.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// A token is not replaced sooner after it was shown. By then no answer is under way that would put it back into the browser
/// over the next one.
const SEASONED: Duration = Duration::from_secs(60);

const MAC_BYTES: usize = 16;

/// What the cookie has beside the id: `<number>.<22 characters of base64url>`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    number: u32,
    mac: [u8; MAC_BYTES],
}

/// What the row has of it. The key opens nothing without the id, of which the row has but a digest.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Series {
    key: String,
    number: u32,
    /// When the browser first showed the token of this number.
    shown_at: Option<i64>,
}

/// What a good token says.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    /// It is the last, or a later one than the row knows of.
    Last { number: u32, is_news: bool },
    /// The browser has not shown the one after it yet, and may never have got it.
    BeforeUnshown,
    /// The browser showed the one after it a moment ago.
    JustOver,
}

impl Token {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (number, mac) = text.split_once('.')?;
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        let mut bytes = [0; MAC_BYTES];
        let read = URL_SAFE_NO_PAD.decode_slice(mac, &mut bytes).ok()?;
        (is_plain && read == MAC_BYTES).then_some(Self {
            number: number.parse().ok()?,
            mac: bytes,
        })
    }

    pub(super) fn text(&self) -> String {
        format!("{}.{}", self.number, URL_SAFE_NO_PAD.encode(self.mac))
    }
}

impl Series {
    pub(super) fn begin(now: Timestamp) -> Result<Self, SessionError> {
        Ok(Self {
            key: URL_SAFE_NO_PAD.encode(secret::random::<32>()?),
            number: 0,
            shown_at: Some(now.unix_millis()),
        })
    }

    /// The series in a session's data.
    pub(super) fn read(value: &Value) -> Option<Self> {
        serde_json::from_str(value.as_str()?).ok()
    }

    pub(super) fn value(&self) -> Result<Value, SessionError> {
        Ok(Value::String(serde_json::to_string(self)?))
    }

    /// The last token.
    pub(super) fn last(&self) -> Token {
        self.token(self.number)
    }

    /// What the token that came with the id says; `None` if it can only come from somebody who copied a cookie, or tried to
    /// make one.
    pub(super) fn judge(&self, token: Option<Token>, now: Timestamp) -> Option<Standing> {
        let token = token.filter(|token| self.is_ours(token))?;
        let number = token.number;
        if number >= self.number {
            let is_news = number > self.number || self.shown_at.is_none();
            return Some(Standing::Last { number, is_news });
        }
        let is_before_last = number + 1 == self.number;
        let standing = match self.shown_at.map(Timestamp::from_unix_millis) {
            None => Standing::BeforeUnshown,
            Some(at) if now.saturating_duration_since(at) <= GRACE => Standing::JustOver,
            Some(_) => return None,
        };
        is_before_last.then_some(standing)
    }

    /// Whether the last token may be replaced.
    pub(super) fn is_seasoned(&self, now: Timestamp) -> bool {
        let shown_at = self.shown_at.map(Timestamp::from_unix_millis);
        shown_at.is_some_and(|at| now.saturating_duration_since(at) >= SEASONED)
    }

    /// The series with the token of this number as its last, shown.
    pub(super) fn shown(&self, number: u32, now: Timestamp) -> Self {
        Self {
            number,
            shown_at: Some(now.unix_millis()),
            ..self.clone()
        }
    }

    /// The series with one token more than this number, not shown yet. A series that has given out all its numbers stays as it
    /// is.
    pub(super) fn after(&self, number: u32) -> Self {
        Self {
            number: number.saturating_add(1),
            shown_at: None,
            ..self.clone()
        }
    }

    fn is_ours(&self, token: &Token) -> bool {
        self.token(token.number).mac.ct_eq(&token.mac).into()
    }

    fn token(&self, number: u32) -> Token {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(&number.to_le_bytes());
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&full[..MAC_BYTES]);
        Token { number, mac }
    }
}
