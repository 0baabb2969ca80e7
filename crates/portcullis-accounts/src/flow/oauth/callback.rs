//! Coming back from a provider.

use std::fmt;

use http::HeaderValue;
use portcullis_core::Denial;
use portcullis_oauth::{Callback, Provider};

use super::arrival::Arrival;
use super::begun::{Begun, Purpose, Wanted};
use super::refusals::{about, invalid_state, provider_failed};
use crate::audit::Entry;
use crate::flow::issue::Session;
use crate::flow::login::LoggedIn;
use crate::flow::second_factor::FirstFactor;
use crate::model::{AuditKind, Ticket, User};
use crate::settings::with_parameter;
use crate::users::{Mode, Users};

/// Where a browser goes that has come back from a provider, and what became of its login.
///
/// `Debug` shows neither the address, which may hold a one-time code, nor the cookies.
#[non_exhaustive]
pub struct OauthReturn {
    /// Where to, with status 303: the address that was asked for at the start; with `code`, which
    /// [`oauth_exchange`](Users::oauth_exchange) takes within a minute, or with `error`, a code of this crate's own (AC-A11).
    pub url: String,
    /// The session that has begun, in cookie mode.
    pub session: Option<Session>,
    /// Why nobody is logged in and nothing is linked, if so; its code is the `error` of the address.
    pub refusal: Option<Denial>,
}

impl OauthReturn {
    /// All `Set-Cookie` values that the answer must carry.
    pub fn cookies(&self) -> impl Iterator<Item = &HeaderValue> {
        self.session.iter().flat_map(Session::cookies)
    }
}

impl fmt::Debug for OauthReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthReturn")
            .field("session", &self.session)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

/// What has come of it.
enum Came {
    /// To be exchanged for tokens, or for the challenge of a second factor (AC-A12, AC-A13).
    Code(String),
    Session(Box<Session>),
    Linked,
}

impl Users {
    /// Takes a browser back that a provider sends, with the query string of its request.
    ///
    /// A callback that belongs to no login of this browser is refused, and goes nowhere. With one that does, the browser goes where the
    /// login was to lead, whatever comes of it; what was refused then is said in [`OauthReturn::refusal`].
    ///
    /// # Who comes in
    ///
    /// The provider's word for who somebody is, issuer and subject together, is all that counts of an identity that is known (AC-A5).
    /// Of one that is not, the address decides (AC-A6): it must be one that the provider has verified, or else
    /// `email_not_verified_by_provider`.
    ///
    /// | account with that address | what happens |
    /// | --- | --- |
    /// | none | it is opened, its address proved, without a password; `signup_disabled` where nobody may register |
    /// | its address was never proved | it is the mailbox owner's now: password, logins, keys, links and identities of whoever registered are gone (AC-V6), and its owner is told |
    /// | its address was proved | [`Linking`](crate::Linking) says: `account_exists`, or it is linked, and its owner is told |
    ///
    /// # Errors
    ///
    /// 404 `not_found`, if there is no such provider; 400 `invalid_state`; 429 `rate_limited`; 503 `unavailable`, as long as the login is
    /// not used up.
    pub async fn oauth_callback(&self, provider: &str, query: &str) -> Result<OauthReturn, Denial> {
        self.limit(&self.inner.limits.oauth_callback).await?;
        let provider = self.provider(provider)?;
        let callback = Callback::from_query(query).map_err(|_| invalid_state())?;
        let (ticket, begun) = self.begun(provider, &callback).await?;
        self.use_up(&ticket).await?;
        let came = self.come_back(provider, &ticket, &begun, &callback).await;
        Ok(sent_on(&begun.redirect, came))
    }

    async fn come_back(
        &self,
        provider: &Provider,
        ticket: &Ticket,
        begun: &Begun,
        callback: &Callback,
    ) -> Result<Came, Denial> {
        let arrival = match provider.exchange(&begun.pending, callback).await {
            Ok(exchanged) => Arrival::new(provider, exchanged),
            Err(error) => {
                let (kind, refusal) = (begun.purpose.kind(), provider_failed(provider, &error));
                self.record(about(provider, Entry::failure(kind, error.code())))
                    .await?;
                return Err(refusal);
            }
        };
        match &begun.purpose {
            Purpose::Login(wanted) => self.log_in_by(&arrival, wanted, &begun.browser).await,
            Purpose::Link(within) => {
                self.link_by(&arrival, ticket, within).await?;
                Ok(Came::Linked)
            }
        }
    }

    /// In cookie mode the session begins here, unless a second factor is asked for: that is answered by whoever exchanges the code.
    async fn log_in_by(
        &self,
        arrival: &Arrival<'_>,
        wanted: &Wanted,
        browser: &str,
    ) -> Result<Came, Denial> {
        let user = self.vouched_account(arrival).await?;
        let proved_at = self.proved_at(arrival, &user);
        if wanted.mode() == Mode::Token || self.asks_more_of(&user).await? {
            let code = self.hand_out(&user, wanted, (browser, proved_at)).await?;
            return Ok(Came::Code(code));
        }
        let first = FirstFactor::by_provider(user.clone(), wanted, proved_at);
        match self.after_first_factor(first, Vec::new()).await? {
            LoggedIn::Done(session) => Ok(Came::Session(Box::new(session))),
            LoggedIn::Challenged(_) => Ok(Came::Code(
                self.hand_out(&user, wanted, (browser, proved_at)).await?,
            )),
        }
    }

    /// Whether the user must show a second factor, or make one.
    async fn asks_more_of(&self, user: &User) -> Result<bool, Denial> {
        match user.mfa_since {
            Some(_) => Ok(!self.is_trusted_device(user).await?),
            None => Ok(self.settings().demands_mfa(user)),
        }
    }
}

impl Purpose {
    /// What a failure of it is in the audit trail.
    fn kind(&self) -> AuditKind {
        match self {
            Self::Login(_) => AuditKind::LoginFailed,
            Self::Link(_) => AuditKind::OauthLinked,
        }
    }
}

fn sent_on(redirect: &str, came: Result<Came, Denial>) -> OauthReturn {
    let (url, session, refusal) = match came {
        Ok(Came::Code(code)) => (with_parameter(redirect, "code", &code), None, None),
        Ok(Came::Session(session)) => (redirect.to_owned(), Some(*session), None),
        Ok(Came::Linked) => (redirect.to_owned(), None, None),
        Err(denial) => {
            let url = with_parameter(redirect, "error", denial.code());
            (url, None, Some(denial))
        }
    };
    OauthReturn {
        url,
        session,
        refusal,
    }
}
