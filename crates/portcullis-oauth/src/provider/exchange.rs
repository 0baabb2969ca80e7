use std::fmt;
use std::sync::Arc;

use super::{Provider, observe, token};
use crate::flow::Outcome;
use crate::metadata::Metadata;
use crate::secret::Secret;
use crate::{Callback, OauthError, OauthErrorKind, Pending, Profile, ProviderTokens};

/// What came of a login.
#[derive(Clone)]
#[non_exhaustive]
pub struct Exchanged {
    /// Who it is.
    pub profile: Profile,
    /// For the provider's API; a login needs none of it any more.
    pub tokens: ProviderTokens,
}

impl fmt::Debug for Exchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanged")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// Ends a login: compares the callback with what was kept, redeems the code, and finds out who it is.
    ///
    /// **The pending login must come from the browser's own session, and be gone from there before**; see [`Pending`].
    ///
    /// # Errors
    ///
    /// [`OauthErrorKind::InvalidState`], [`StateExpired`](OauthErrorKind::StateExpired),
    /// [`IssuerMismatch`](OauthErrorKind::IssuerMismatch) before the provider is asked anything, and
    /// [`AccessDenied`](OauthErrorKind::AccessDenied) or [`ProviderError`](OauthErrorKind::ProviderError) if it said no; then
    /// whatever is wrong with its answers. Nothing is tried again: a code is good once.
    pub async fn exchange(
        &self,
        pending: &Pending,
        callback: &Callback,
    ) -> Result<Exchanged, OauthError> {
        let login = self.redeem(pending, callback);
        let result = self.inner.gateway.within(login).await;
        observe::exchanged(self.name(), result.as_ref().err());
        result
    }

    async fn redeem(
        &self,
        pending: &Pending,
        callback: &Callback,
    ) -> Result<Exchanged, OauthError> {
        let code = self.code(pending, callback)?;
        let metadata = self.metadata().await?;
        if metadata.requires_issuer && callback.issuer().is_none() {
            return Err(OauthErrorKind::IssuerMismatch.into());
        }
        let tokens = token::exchange(&self.inner, &metadata, code, pending).await?;
        let profile = self.profile(&metadata, &tokens, pending).await?;
        Ok(Exchanged { profile, tokens })
    }

    /// What can be known of a callback before anybody is asked. Whose it is comes first: to others, it is not even expired.
    fn code<'c>(
        &self,
        pending: &Pending,
        callback: &'c Callback,
    ) -> Result<&'c Secret, OauthError> {
        let is_ours = pending.is_of(self.name(), self.issuer());
        if !is_ours || !pending.has_state(callback.state()) {
            return Err(OauthErrorKind::InvalidState.into());
        }
        if pending.is_expired(self.inner.clock.now()) {
            return Err(OauthErrorKind::StateExpired.into());
        }
        let issuer = callback.issuer();
        if issuer.is_some_and(|issuer| issuer != self.inner.response_issuer) {
            return Err(OauthErrorKind::IssuerMismatch.into());
        }
        match callback.outcome() {
            Outcome::Code(code) => Ok(code),
            Outcome::Error(code) => Err(OauthError::provider(*code)),
        }
    }

    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, OauthError> {
        self.inner.source.metadata().await
    }

    /// Gets new tokens for a refresh token. Where the provider gives no new refresh token, the old one stays good, and is in the
    /// answer again. An ID token that comes with it is verified, but not compared with an earlier one.
    ///
    /// # Errors
    ///
    /// [`OauthErrorKind::ProviderError`], with `invalid_grant` where the user took the consent back; and whatever is wrong with
    /// the provider's answers.
    pub async fn refresh(&self, refresh_token: &str) -> Result<ProviderTokens, OauthError> {
        let refreshed = async {
            let metadata = self.metadata().await?;
            let tokens = token::refresh(&self.inner, &metadata, refresh_token).await?;
            self.check_refreshed(&metadata, &tokens).await?;
            Ok(tokens)
        };
        self.inner.gateway.within(refreshed).await
    }
}
