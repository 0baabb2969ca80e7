//! Devices that are spared the second factor (AC-O9).

use http::HeaderValue;
use portcullis_core::Denial;
use serde::{Deserialize, Serialize};

use crate::model::{Factor, Ticket, TicketPurpose, User};
use crate::store::Change;
use crate::token::TicketToken;
use crate::users::Users;

/// What is kept of a trusted device, sealed.
#[derive(Serialize, Deserialize)]
struct Trust {
    /// The account's stamp: what ends all logins ends the trust.
    stamp: String,
    /// The factor that was shown: another one is not spared by it.
    factor: String,
}

/// Trust in a device: what keeps it, and the cookie by which the device is known.
pub(super) struct NewTrust {
    pub(super) insert: Change,
    pub(super) cookie: Option<HeaderValue>,
}

impl Users {
    /// Whether the request comes from a device on which this user has shown the second factor that the account has now, and nothing
    /// has happened since that ends all logins. The first factor is asked for as ever.
    pub(in crate::flow) async fn is_trusted_device(&self, user: &User) -> Result<bool, Denial> {
        if self.settings().trusts_devices.is_none() {
            return Ok(false);
        }
        for token in self.trusted_tokens() {
            if let Some((ticket, trust)) = self
                .presented_ticket::<Trust>(&token, TicketPurpose::TrustedDevice)
                .await?
                && self.is_trust_of(user, &ticket, &trust).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_trust_of(
        &self,
        user: &User,
        ticket: &Ticket,
        trust: &Trust,
    ) -> Result<bool, Denial> {
        if ticket.owner != Some(user.id) || trust.stamp != user.stamp {
            return Ok(false);
        }
        let factor = self.inner.store.factor(&user.reference()).await?;
        let is_same = |factor: &Factor| factor.is_active() && factor.id.to_string() == trust.factor;
        Ok(factor.as_ref().is_some_and(is_same))
    }

    /// Trusts the device that the request comes from, for as long as the settings say.
    pub(super) async fn trust_in_device(&self, user: &User) -> Result<NewTrust, Denial> {
        let life = self.settings().trusts_devices.unwrap_or_default();
        let factor = self.inner.store.factor(&user.reference()).await?;
        let factor = factor.ok_or_else(Denial::unavailable)?;
        let trust = Trust {
            stamp: user.stamp.clone(),
            factor: factor.id.to_string(),
        };
        let purpose = TicketPurpose::TrustedDevice;
        let ticket = self.new_ticket(purpose, Some(user.id), &trust, life)?;
        let mut tokens = vec![ticket.token.as_str().to_owned()];
        tokens.extend(self.tokens_of_others(user).await?);
        Ok(NewTrust {
            insert: ticket.insert,
            cookie: self.trusted_cookie(&tokens, life),
        })
    }

    /// The tokens by which other users, of whatever collection, are spared the second factor on this device: one cookie holds them all.
    async fn tokens_of_others(&self, user: &User) -> Result<Vec<String>, Denial> {
        let mut others = Vec::new();
        for token in self.trusted_tokens() {
            let Some(id) = TicketToken::read(&token).map(|token| token.id) else {
                continue;
            };
            let found = self.inner.store.ticket(id).await?;
            let is_others = |ticket: &Ticket| {
                ticket.purpose == TicketPurpose::TrustedDevice
                    && ticket.owner() != Some(user.reference())
                    && self.now() < ticket.expires_at
            };
            if found.as_ref().is_some_and(is_others) {
                others.push(token);
            }
        }
        Ok(others)
    }
}
