//! Providers' tokens, where they are kept.

use portcullis_core::Denial;
use portcullis_oauth::ProviderTokens;
use zeroize::Zeroizing;

use crate::flow::refusals::not_found;
use crate::model::RecordId;
use crate::users::Users;

impl Users {
    /// The tokens that a provider gave at the last login by this identity, for the application to call the provider's API with; `None`
    /// where [they are not kept](crate::AccountsBuilder::keep_provider_tokens). Nobody but the application gets them: no endpoint
    /// answers with them.
    ///
    /// # Errors
    ///
    /// 404 `not_found`, if the user has no such identity; 503 `unavailable`.
    pub async fn provider_tokens(
        &self,
        user: RecordId,
        identity: RecordId,
    ) -> Result<Option<ProviderTokens>, Denial> {
        let all = self.inner.store.identities(&self.reference(user)).await?;
        let found = all.into_iter().find(|found| found.id == identity);
        let sealed = found.ok_or_else(not_found)?.sealed_tokens;
        sealed
            .map(|sealed| self.open_tokens(&sealed, identity))
            .transpose()
    }

    /// Sealed for this identity alone.
    pub(super) fn seal_tokens(
        &self,
        tokens: &ProviderTokens,
        identity: RecordId,
    ) -> Result<Vec<u8>, Denial> {
        let plain = Zeroizing::new(serde_json::to_vec(tokens).map_err(|_| Denial::unavailable())?);
        let context = self.tokens_context(identity);
        let context = context.each_ref().map(String::as_str);
        let sealed = self.inner.vault.credentials.seal(&plain, &context);
        sealed.map_err(|_| Denial::unavailable())
    }

    fn open_tokens(&self, sealed: &[u8], identity: RecordId) -> Result<ProviderTokens, Denial> {
        let context = self.tokens_context(identity);
        let context = context.each_ref().map(String::as_str);
        let opened = self.inner.vault.credentials.open(sealed, &context);
        let plain = opened.map_err(|error| {
            tracing::error!(%identity, %error, "a provider's tokens could not be opened");
            Denial::unavailable()
        })?;
        serde_json::from_slice(plain.expose()).map_err(|_| Denial::unavailable())
    }

    fn tokens_context(&self, identity: RecordId) -> [String; 3] {
        [
            "provider tokens".to_owned(),
            self.collection().to_owned(),
            identity.to_string(),
        ]
    }
}
