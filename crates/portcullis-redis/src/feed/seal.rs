use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Seals messages, so that only who has the key can say something on this channel.
#[derive(Clone)]
pub(super) struct Seal {
    prepared: Hmac<Sha256>,
}

/// Before each message: `1.` and the seal in base64url, then a dot.
const VERSION: &str = "1.";
const SEAL: usize = 43;

impl Seal {
    /// The channel is sealed with the message: what was said on one is nothing on another.
    pub(super) fn new(key: &[u8; 32], channel: &str) -> Self {
        let mut block = zeroize::Zeroizing::new([0; 64]);
        block[..key.len()].copy_from_slice(key);
        let mut prepared: Hmac<Sha256> = Hmac::new((&*block).into());
        prepared.update(b"portcullis revocations 1\0");
        prepared.update(&(channel.len() as u64).to_be_bytes());
        prepared.update(channel.as_bytes());
        Self { prepared }
    }

    pub(super) fn close(&self, text: &str) -> String {
        let mut mac = self.prepared.clone();
        mac.update(text.as_bytes());
        let seal = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{VERSION}{seal}.{text}")
    }

    /// What is inside, if the seal is ours.
    pub(super) fn open<'a>(&self, message: &'a [u8]) -> Option<&'a [u8]> {
        let rest = message.strip_prefix(VERSION.as_bytes())?;
        let (seal, rest) = rest.split_at_checked(SEAL)?;
        let text = rest.strip_prefix(b".")?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        let mut mac = self.prepared.clone();
        mac.update(text);
        mac.verify_slice(&seal).ok().map(|()| text)
    }
}
