use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use std::borrow::Cow;

use super::{Provider, token};
use crate::flow::{Begun, Journey};
use crate::metadata::Metadata;
use crate::secret::Secret;
use crate::{Authorization, Authorize, OauthError, OauthErrorKind, Pending};

impl Provider {
    /// Begins a login: where to send the user, and what to keep until the user is back.
    ///
    /// The URL has a `state`, PKCE with S256, and for OpenID providers a `nonce`, each of 256 random bits and new for this login
    /// (AC-A1, AC-A2). It is made here alone, but an issuer must have been discovered, which the first login waits for.
    ///
    /// # Errors
    ///
    /// [`OauthErrorKind::InvalidRequest`] for a redirect URI that is none, a state that can be guessed, a parameter that is this
    /// crate's to set, or a `max_age` at a provider without ID tokens; and whatever discovery comes to.
    pub async fn authorize(&self, request: Authorize) -> Result<Authorization, OauthError> {
        let redirect_uri = request.checked_redirect_uri()?;
        request.check_parameters(&self.inner.parameters)?;
        let is_oidc = self.inner.dialect.is_oidc();
        if request.max_age.is_some() && !is_oidc {
            return Err(OauthErrorKind::InvalidRequest.into());
        }
        let begun = Begun {
            state: request.checked_state()?,
            nonce: is_oidc.then(Secret::random).transpose()?,
            verifier: Secret::random()?,
        };
        let metadata = self.inner.gateway.within(self.metadata()).await?;
        let url = self.url(&metadata, &request, &begun)?;
        let journey = Journey {
            provider: self.name(),
            issuer: self.issuer(),
            redirect_uri,
            created_at: self.inner.clock.now(),
            max_age: request.max_age,
        };
        Ok(Authorization::new(url, Pending::new(&journey, begun)))
    }

    fn url(
        &self,
        metadata: &Metadata,
        request: &Authorize,
        begun: &Begun,
    ) -> Result<String, OauthError> {
        let redirect_uri = redirect_url(request.checked_redirect_uri()?)?;
        let verifier = PkceCodeVerifier::new(begun.verifier.expose().to_owned());
        let state = CsrfToken::new(begun.state.expose().to_owned());
        let client = token::client(&self.inner, metadata);
        let mut url = client
            .authorize_url(|| state)
            .set_redirect_uri(Cow::Owned(redirect_uri))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(self.inner.scopes.iter().cloned().map(Scope::new));
        for (name, value) in self.more_parameters(request, begun.nonce.as_ref()) {
            url = url.add_extra_param(name, value);
        }
        Ok(url.url().0.into())
    }

    fn more_parameters(
        &self,
        request: &Authorize,
        nonce: Option<&Secret>,
    ) -> Vec<(String, String)> {
        let max_age = request.max_age.map(|age| age.as_secs().to_string());
        let ours = [
            ("nonce", nonce.map(|nonce| nonce.expose().to_owned())),
            ("max_age", max_age),
            ("hd", self.inner.hosted_domain.clone()),
        ];
        let ours = ours.into_iter();
        ours.filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .chain(self.inner.parameters.iter().cloned())
            .chain(request.all_parameters())
            .collect()
    }
}

/// To the letter as the application wrote it.
pub(super) fn redirect_url(text: &str) -> Result<RedirectUrl, OauthError> {
    RedirectUrl::new(text.to_owned()).map_err(|_| OauthErrorKind::InvalidRequest.into())
}
