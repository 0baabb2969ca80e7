use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Timestamp;
use subtle::ConstantTimeEq;

use crate::model::User;
use crate::secrets::{Secrets, Use, mac};

const VERSION: u8 = 1;

/// version 1, time 8, MAC 32.
const LENGTH: usize = 41;
const MAC_AT: usize = 9;

/// How long a device is known after a login from it: a quarter of a year, so that whoever logs in once a season is not a stranger.
pub(crate) const KNOWN_FOR: Duration = Duration::from_secs(90 * 24 * 3600);

/// What tells that somebody has logged in to an account from this device before.
///
/// It opens nothing: a login from the device is not held to the account's hard lock, and that is all (AC-L1). Whose it is does
/// not stand in it; it fits the one account, and only until the account's stamp changes, as it does with the password.
pub(crate) struct DeviceToken {
    issued_at: Timestamp,
    mac: [u8; 32],
}

impl DeviceToken {
    pub(crate) fn new(user: &User, secrets: &Secrets, now: Timestamp) -> Self {
        Self {
            issued_at: now,
            mac: mac_of(&*secrets.key(Use::Device), user, now),
        }
    }

    pub(crate) fn write(&self) -> String {
        let mut bytes = [0; LENGTH];
        bytes[0] = VERSION;
        bytes[1..MAC_AT].copy_from_slice(&self.issued_at.unix_millis().to_be_bytes());
        bytes[MAC_AT..].copy_from_slice(&self.mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let is_ours = length == LENGTH && bytes[0] == VERSION;
        let (mut time, mut mac) = ([0; 8], [0; 32]);
        time.copy_from_slice(&bytes[1..MAC_AT]);
        mac.copy_from_slice(&bytes[MAC_AT..]);
        is_ours.then(|| Self {
            issued_at: Timestamp::from_unix_millis(i64::from_be_bytes(time)),
            mac,
        })
    }

    /// Whether it was given to this user, as the account is now, and not too long ago.
    pub(crate) fn fits(&self, user: &User, secrets: &Secrets, now: Timestamp) -> bool {
        let mut keys = secrets.keys(Use::Device);
        now < self.issued_at.saturating_add(KNOWN_FOR)
            && keys.any(|key| mac_of(&*key, user, self.issued_at).ct_eq(&self.mac).into())
    }
}

fn mac_of(key: &[u8], user: &User, issued_at: Timestamp) -> [u8; 32] {
    let length = user.collection.len().to_be_bytes();
    let parts: [&[u8]; 6] = [
        &[VERSION],
        &issued_at.unix_millis().to_be_bytes(),
        user.id.as_bytes(),
        &length,
        user.collection.as_bytes(),
        user.stamp.as_bytes(),
    ];
    mac(key, &parts)
}
