use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use oauth2::url::Url;
use serde_json::{Map, Value};

use super::Provider;
use crate::error::known_code;
use crate::metadata::Metadata;
use crate::profile::{Address, from_claims, from_discord, from_github, merged};
use crate::{OauthError, OauthErrorKind, Pending, Profile, ProviderTokens};

/// How a provider says who somebody is.
#[derive(Clone)]
pub(crate) enum Dialect {
    /// In an ID token, and in the standard claims of userinfo.
    Oidc,
    Github,
    Discord,
    /// In a way that the application knows.
    Mapped(Arc<Mapping>),
}

type Mapping = dyn Fn(&Value) -> Result<Profile, OauthError> + Send + Sync;

impl Dialect {
    pub(crate) fn is_oidc(&self) -> bool {
        matches!(self, Self::Oidc)
    }

    /// What stands in a callback's `iss`. GitHub's authorization server is not all of GitHub.
    pub(super) fn response_issuer(&self, issuer: &str) -> String {
        match self {
            Self::Github => format!("{issuer}/login/oauth"),
            _ => issuer.to_owned(),
        }
    }

    pub(super) fn scope_names<'s>(
        &self,
        scope: &'s str,
    ) -> impl Iterator<Item = &'s str> + use<'s> {
        let separator = if matches!(self, Self::Github) {
            ','
        } else {
            ' '
        };
        scope.split(separator)
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Oidc => "Oidc",
            Self::Github => "Github",
            Self::Discord => "Discord",
            Self::Mapped(_) => "Mapped",
        })
    }
}

impl Provider {
    /// Asks whose access token this is.
    ///
    /// Only for a token that this application got from the provider itself. A token that a browser or an app hands in proves
    /// nothing: whoever has it from *another* application of the same provider could hand it in as well.
    ///
    /// # Errors
    ///
    /// [`OauthErrorKind::ProviderStatus`] for a token that is no good any more, and whatever is wrong with the provider's
    /// answers; [`OauthErrorKind::InvalidRequest`] for a text that cannot be a token, or if the issuer has no userinfo endpoint.
    pub async fn userinfo(&self, access_token: &str) -> Result<Profile, OauthError> {
        let asked = async {
            let metadata = self.metadata().await?;
            self.person(&metadata, access_token, true).await
        };
        self.inner.gateway.within(asked).await
    }

    /// Who it is that logged in.
    pub(super) async fn profile(
        &self,
        metadata: &Metadata,
        tokens: &ProviderTokens,
        pending: &Pending,
    ) -> Result<Profile, OauthError> {
        if !self.inner.dialect.is_oidc() {
            let may = may_see_addresses(tokens.scopes());
            return self.person(metadata, tokens.access_token(), may).await;
        }
        let mut claims = self.id_token(metadata, tokens, pending).await?;
        let at = self.authenticated_at(&claims);
        if let Some(url) = &metadata.userinfo {
            claims = merged(claims, self.user(url, tokens.access_token()).await?)?;
        }
        let profile = from_claims(claims)?.with_authentication(at);
        Ok(self.owned(profile))
    }

    /// Who the userinfo endpoint says it is.
    async fn person(
        &self,
        metadata: &Metadata,
        access_token: &str,
        may_see_addresses: bool,
    ) -> Result<Profile, OauthError> {
        let url = metadata.userinfo.as_ref();
        let url = url.ok_or(OauthErrorKind::InvalidRequest)?;
        let user = self.user(url, access_token).await?;
        let profile = match &self.inner.dialect {
            Dialect::Oidc => {
                self.check_hosted_domain(&user)?;
                from_claims(user)?
            }
            Dialect::Discord => from_discord(user)?,
            Dialect::Github => {
                let addresses = match may_see_addresses {
                    true => self.addresses(url, access_token).await?,
                    false => Vec::new(),
                };
                from_github(user, &addresses)?
            }
            Dialect::Mapped(map) => mapped(&**map, user)?,
        };
        Ok(self.owned(profile))
    }

    /// An error is one also with status 200.
    async fn user(&self, url: &Url, access_token: &str) -> Result<Map<String, Value>, OauthError> {
        let user = self
            .inner
            .gateway
            .get_object(url, Some(access_token))
            .await?;
        match user.get("error") {
            Some(error) => Err(OauthError::provider(error.as_str().and_then(known_code))),
            None => Ok(user),
        }
    }

    /// GitHub's answer is 404 or 403 where the user did not grant that; then there are none.
    async fn addresses(&self, user: &Url, access_token: &str) -> Result<Vec<Address>, OauthError> {
        let mut url = user.clone();
        url.set_path(&format!("{}/emails", user.path().trim_end_matches('/')));
        let answer = self.inner.gateway.get(&url, Some(access_token)).await?;
        match answer.status() {
            StatusCode::OK => serde_json::from_slice(answer.body())
                .map_err(|_| OauthErrorKind::InvalidResponse.into()),
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => Ok(Vec::new()),
            _ => Err(OauthErrorKind::ProviderStatus.into()),
        }
    }

    /// What no provider says of itself.
    fn owned(&self, profile: Profile) -> Profile {
        Profile {
            provider: self.name().to_owned(),
            issuer: self.issuer().to_owned(),
            ..profile
        }
    }
}

/// `user` has `user:email` in it. Tokens of a GitHub App never say their scopes; its permissions decide, and GitHub knows them.
fn may_see_addresses(scopes: &[String]) -> bool {
    let is_for_addresses = |scope: &String| matches!(scope.as_str(), "user" | "user:email");
    scopes.is_empty() || scopes.iter().any(is_for_addresses)
}

/// Claims that the closure left empty are all that the provider said.
fn mapped(map: &Mapping, user: Map<String, Value>) -> Result<Profile, OauthError> {
    let user = Value::Object(user);
    let mut profile = map(&user)?.checked()?;
    if let (true, Value::Object(user)) = (profile.claims.is_empty(), user) {
        profile.claims = user;
    }
    Ok(profile)
}
