//! The one-time code that a browser brings back instead of tokens (AC-A12).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::{Denial, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::begun::Wanted;
use super::refusals::invalid_state;
use crate::flow::login::LoggedIn;
use crate::flow::second_factor::FirstFactor;
use crate::model::{Ticket, TicketPurpose, User};
use crate::store::Conflict;
use crate::users::{Mode, Users};

/// How long a code is good: a page exchanges it as soon as it is loaded.
const LIFE: Duration = Duration::from_secs(60);

/// RFC 7636 §4.1.
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

/// What a code stands for, sealed in its ticket.
#[derive(Serialize, Deserialize)]
struct Handed {
    /// The account's stamp when the provider vouched: what ends all logins ends this one.
    stamp: String,
    wanted: Wanted,
    /// The browser that came back, as a keyed hash.
    browser: String,
    /// When its user proved at the provider who they are.
    proved_at: Timestamp,
}

impl Users {
    /// A code for somebody who has come back from a provider, into this account.
    pub(super) async fn hand_out(
        &self,
        user: &User,
        wanted: &Wanted,
        (browser, proved_at): (&str, Timestamp),
    ) -> Result<String, Denial> {
        let handed = Handed {
            stamp: user.stamp.clone(),
            wanted: wanted.clone(),
            browser: browser.to_owned(),
            proved_at,
        };
        let purpose = TicketPurpose::OauthCode;
        let ticket = self.new_ticket(purpose, Some(user.id), &handed, LIFE)?;
        self.commit(vec![self.while_logged_in(user), ticket.insert])
            .await?;
        Ok(ticket.token.as_str().to_owned())
    }

    /// Exchanges the one-time code that a browser has brought back from a provider: for tokens or a session's cookie, as the login was
    /// begun, or for the challenge of a second factor.
    ///
    /// A code is good for a minute, once. Where the login was begun with a
    /// [`code_challenge`](crate::OauthStart::code_challenge), its secret is asked for, and where it was not, none may be shown:
    /// a page that shows one has begun another login than this (RFC 9700 §2.1.1). In cookie mode the code is good in the browser alone
    /// that came back with it. The account is judged anew: who was banned meanwhile does not come in.
    ///
    /// # Errors
    ///
    /// 400 `invalid_state`, for codes that are unknown, used, past their minute, of another collection, of somebody else's login: all alike;
    /// 403 `account_banned`, `email_not_verified`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn oauth_exchange(
        &self,
        code: &str,
        code_verifier: Option<&str>,
    ) -> Result<LoggedIn, Denial> {
        self.limit(&self.inner.limits.oauth_exchange).await?;
        let purpose = TicketPurpose::OauthCode;
        let found = self.presented_ticket::<Handed>(code, purpose).await?;
        let (ticket, handed) = found.ok_or_else(invalid_state)?;
        self.check_bearer(&handed, code_verifier)?;
        let user = self.still_the_same(&ticket, &handed).await?;
        let taken = self
            .commit(vec![self.take_ticket(&ticket), self.while_logged_in(&user)])
            .await;
        taken.map_err(|error| match error.conflict() {
            Some(Conflict::NotFound | Conflict::Changed) => invalid_state(),
            _ => error.into(),
        })?;
        let first = FirstFactor::by_provider(user, &handed.wanted, handed.proved_at);
        self.after_first_factor(first, Vec::new()).await
    }

    /// Refuses whoever did not begin the login. Nothing is used up.
    fn check_bearer(&self, handed: &Handed, verifier: Option<&str>) -> Result<(), Denial> {
        let challenge = handed.wanted.code_challenge.as_deref();
        let is_verified = match (challenge, verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => answers(verifier, challenge),
            _ => false,
        };
        let is_here = handed.wanted.mode() == Mode::Token || self.is_browser(&handed.browser);
        match is_verified && is_here {
            true => Ok(()),
            false => Err(invalid_state()),
        }
    }

    async fn still_the_same(&self, ticket: &Ticket, handed: &Handed) -> Result<User, Denial> {
        let owner = ticket.owner().ok_or_else(invalid_state)?;
        let user = self.inner.store.user(&owner).await?;
        let user = user.ok_or_else(invalid_state)?;
        self.require_open(&user).await?;
        match user.stamp == handed.stamp {
            true => Ok(user),
            false => Err(invalid_state()),
        }
    }
}

/// Whether a text can be one: base64url of 32 bytes (RFC 7636 §4.2).
pub(super) fn is_code_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD
        .decode(text)
        .is_ok_and(|bytes| bytes.len() == 32)
}

fn answers(verifier: &str, challenge: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let own = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    VERIFIER.contains(&verifier.len())
        && verifier.bytes().all(is_unreserved)
        && bool::from(own.as_bytes().ct_eq(challenge.as_bytes()))
}
