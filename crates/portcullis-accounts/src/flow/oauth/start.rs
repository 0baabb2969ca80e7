//! Sending somebody to a provider.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use portcullis_core::Denial;
use portcullis_oauth::{Authorize, Provider};
use serde::Serialize;

use super::LIFE;
use super::begun::{Begun, Purpose, Wanted};
use super::code::is_code_challenge;
use super::refusals::{mode_not_allowed, provider_failed};
use crate::flow::refusals::{invalid_field, not_found};
use crate::model::{RecordId, TicketPurpose};
use crate::token::TicketToken;
use crate::users::{FRESH, Mode, Users};

/// A login by a provider that is to begin.
#[derive(Clone, Default)]
pub struct OauthStart {
    /// Where the browser goes in the end: an address that the settings allow, or a path of the application's own; its first
    /// page, unless said.
    pub redirect_to: Option<String>,
    /// What is to be given; the service's own mode, unless said.
    pub mode: Option<Mode>,
    /// Whether the login is to outlive the browser.
    pub remember: bool,
    /// Binds the one-time code to whoever begins the login: base64url of SHA-256 of a secret of 43 to 128 characters (RFC 7636, S256),
    /// which [`oauth_exchange`](Users::oauth_exchange) then asks for. Pages and native apps that get tokens should always send one:
    /// without it, a page cannot tell a login of its own from one that somebody else began.
    pub code_challenge: Option<String>,
    /// Whether the provider is to have its user log in again, for what needs a fresh proof (OpenID Connect Core §3.1.2.1, `prompt=login`
    /// and `max_age`): whose `auth_time` is older than ten minutes then, or missing, comes back with `reauthentication_required`.
    /// Without it a login is as fresh as the provider says, and not at all where it says nothing.
    pub fresh: bool,
}

impl fmt::Debug for OauthStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthStart")
            .field("mode", &self.mode)
            .field("remember", &self.remember)
            .field("fresh", &self.fresh)
            .field("has_code_challenge", &self.code_challenge.is_some())
            .finish_non_exhaustive()
    }
}

/// Somebody who is to be sent to a provider.
///
/// In JSON `{"url"}`. `Debug` shows nothing of it.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct OauthStarted {
    /// Where to, for a redirect with status 303 or a navigation of the page; it holds the state, so it belongs into no log.
    pub url: String,
    /// A `Set-Cookie` value that the answer must carry: only the browser that has it can come back.
    #[serde(skip)]
    pub cookie: HeaderValue,
}

impl fmt::Debug for OauthStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthStarted").finish_non_exhaustive()
    }
}

/// What somebody is sent to a provider for.
pub(super) struct Journey {
    /// Where to go back to; it was checked.
    pub(super) redirect: String,
    /// Whose account is concerned, where that is known.
    pub(super) owner: Option<RecordId>,
    pub(super) purpose: Purpose,
    /// How long ago the user may have logged in at the provider; whenever, unless said.
    pub(super) freshness: Option<Duration>,
}

impl Users {
    /// Begins a login by a provider: where to send the browser, and the cookie that binds the login to it. Good for ten minutes, once
    /// (AC-A1).
    ///
    /// # Errors
    ///
    /// 404 `not_found`, if there is no such provider; 422 `redirect_not_allowed`, `mode_not_allowed` (see
    /// [`oauth_modes`](crate::AccountsBuilder::oauth_modes)), `invalid_field`, also where a provider cannot have its user log in again;
    /// 400 `provider_error`, if the provider must be asked for its endpoints and does not answer; 429 `rate_limited`; 503 `unavailable`.
    pub async fn oauth_start(
        &self,
        provider: &str,
        start: OauthStart,
    ) -> Result<OauthStarted, Denial> {
        self.limit(&self.inner.limits.oauth_start).await?;
        let provider = self.provider(provider)?;
        let redirect = self
            .inner
            .oauth
            .redirects
            .check(start.redirect_to.as_deref())?;
        let mode = self.inner.oauth.mode(start.mode, self.inner.mode);
        let mode = mode.ok_or_else(mode_not_allowed)?;
        let challenge = start.code_challenge;
        if challenge
            .as_deref()
            .is_some_and(|text| !is_code_challenge(text))
        {
            return Err(invalid_field("codeChallenge", "format"));
        }
        let freshness = self.freshness(provider, start.fresh)?;
        let wanted = Wanted {
            cookie: mode == Mode::Cookie,
            remember: start.remember,
            code_challenge: challenge,
        };
        let journey = Journey {
            redirect,
            owner: None,
            purpose: Purpose::Login(wanted),
            freshness,
        };
        self.send_to(provider, journey).await
    }

    /// How old a login at the provider may be, where that matters.
    fn freshness(&self, provider: &Provider, fresh: bool) -> Result<Option<Duration>, Denial> {
        match fresh && !self.inner.oauth.is_fresh_by(provider) {
            false => Ok(None),
            true if provider.can_ask_again() => Ok(Some(FRESH)),
            true => Err(invalid_field("fresh", "not_offered")),
        }
    }

    /// The provider with this name.
    pub(super) fn provider(&self, name: &str) -> Result<&Provider, Denial> {
        self.inner.oauth.provider(name).ok_or_else(not_found)
    }

    pub(super) async fn send_to(
        &self,
        provider: &Provider,
        journey: Journey,
    ) -> Result<OauthStarted, Denial> {
        let state = TicketToken::new(RecordId::new(self.now())?)?;
        let callback = self.inner.oauth.callback_uri(self.collection(), provider);
        let request = Authorize::new(callback).state(state.write().as_str());
        let request = match journey.freshness {
            Some(at_most) => request.prompt("login").max_age(at_most),
            None => request,
        };
        let authorization = provider.authorize(request).await;
        let authorization = authorization.map_err(|error| provider_failed(provider, &error))?;
        let browser = self.browser()?;
        let begun = Begun {
            pending: authorization.pending,
            provider: provider.name().to_owned(),
            browser: browser.hash,
            redirect: journey.redirect,
            purpose: journey.purpose,
        };
        let purpose = TicketPurpose::OauthState;
        let ticket = self.ticket_of(&state, purpose, journey.owner, &begun, LIFE)?;
        self.commit(vec![ticket.insert]).await?;
        Ok(OauthStarted {
            url: authorization.url,
            cookie: browser.cookie,
        })
    }
}
