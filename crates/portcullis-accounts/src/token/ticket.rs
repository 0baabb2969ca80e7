use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Denial;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::model::{RecordId, Ticket, TicketPurpose};
use crate::secrets::{Secrets, Use, mac};

/// An id of 16 bytes and a secret of 32, in base64url.
const LENGTH: usize = 64;

/// The token of a [`Ticket`]: an id, and 256 random bits (AC-A1, AC-O4). It is opaque to everybody but this service.
pub(crate) struct TicketToken {
    pub(crate) id: RecordId,
    secret: Zeroizing<[u8; 32]>,
}

impl TicketToken {
    /// A new token.
    pub(crate) fn new(id: RecordId) -> Result<Self, Denial> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).map_err(|_| Denial::unavailable())?;
        Ok(Self { id, secret })
    }

    pub(crate) fn write(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 48]);
        bytes[..16].copy_from_slice(self.id.as_bytes());
        bytes[16..].copy_from_slice(&*self.secret);
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        text
    }

    /// Takes a token apart. One that cannot be one costs no question to the store.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 48]);
        if text.len() != LENGTH {
            return None;
        }
        URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes).ok()?;
        let (mut id, mut secret) = ([0; 16], Zeroizing::new([0; 32]));
        id.copy_from_slice(&bytes[..16]);
        secret.copy_from_slice(&bytes[16..]);
        Some(Self {
            id: RecordId::from_bytes(id),
            secret,
        })
    }

    /// What is kept of it.
    pub(crate) fn digest(&self, secrets: &Secrets, purpose: TicketPurpose) -> [u8; 32] {
        self.digest_under(&*secrets.key(Use::Ticket), purpose)
    }

    /// Whether this is the ticket's token, under the secret of today or a former one.
    pub(crate) fn fits(&self, ticket: &Ticket, secrets: &Secrets) -> bool {
        let mut keys = secrets.keys(Use::Ticket);
        keys.any(|key| {
            self.digest_under(&*key, ticket.purpose)
                .ct_eq(&ticket.digest)
                .into()
        })
    }

    fn digest_under(&self, key: &[u8], purpose: TicketPurpose) -> [u8; 32] {
        let parts: [&[u8]; 3] = [
            self.id.as_bytes(),
            &*self.secret,
            purpose.as_str().as_bytes(),
        ];
        mac(key, &parts)
    }
}
