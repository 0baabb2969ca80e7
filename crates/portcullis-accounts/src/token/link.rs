use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Denial;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::model::{Link, LinkPurpose, RecordId};
use crate::secrets::{Secrets, Use, mac};

/// Longer texts are not looked at: an id of 36 characters, a dot, 43 characters.
const LENGTH: usize = 80;

/// The token of a one-time link: `<id>.<secret>`, the secret 256 random bits in base64url (AC-V1, AC-Z1).
pub(crate) struct LinkToken {
    pub(crate) id: RecordId,
    secret: Zeroizing<[u8; 32]>,
}

impl LinkToken {
    /// A new token.
    pub(crate) fn new(id: RecordId) -> Result<Self, Denial> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).map_err(|_| Denial::unavailable())?;
        Ok(Self { id, secret })
    }

    pub(crate) fn write(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(&self.id.to_string());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(*self.secret, &mut text);
        text
    }

    /// Takes a token apart. One that cannot be one costs no question to the store.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (id, encoded) = text.split_once('.').filter(|_| text.len() == LENGTH)?;
        let mut secret = Zeroizing::new([0; 32]);
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut *secret).ok()?;
        (length == 32).then_some(Self {
            id: id.parse().ok()?,
            secret,
        })
    }

    /// What is kept of it.
    pub(crate) fn digest(&self, secrets: &Secrets, purpose: LinkPurpose) -> [u8; 32] {
        self.digest_under(&*secrets.key(Use::Link), purpose)
    }

    /// Whether this is the link's token, under the secret of today or a former one.
    pub(crate) fn fits(&self, link: &Link, secrets: &Secrets) -> bool {
        let mut keys = secrets.keys(Use::Link);
        keys.any(|key| {
            self.digest_under(&*key, link.purpose)
                .ct_eq(&link.digest)
                .into()
        })
    }

    fn digest_under(&self, key: &[u8], purpose: LinkPurpose) -> [u8; 32] {
        let parts: [&[u8]; 3] = [
            self.id.as_bytes(),
            &*self.secret,
            purpose.as_str().as_bytes(),
        ];
        mac(key, &parts)
    }
}
