//! The token endpoint, by the `oauth2` crate.

use std::borrow::Cow;
use std::fmt;

use http::StatusCode;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::url::form_urlencoded;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeVerifier, RefreshToken, RequestTokenError, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
};
use portcullis_core::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authorize::redirect_url;
use super::{Inner, TokenAuth};
use crate::error::known_code;
use crate::flow::TokenFields;
use crate::http::Gateway;
use crate::metadata::Metadata;
use crate::secret::Secret;
use crate::{OauthError, OauthErrorKind, Pending, ProviderTokens};

type Answer = StandardTokenResponse<IdToken, BasicTokenType>;

type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What OpenID Connect adds to an answer.
#[derive(Deserialize, Serialize)]
pub(super) struct IdToken {
    id_token: Option<Secret>,
}

impl ExtraTokenFields for IdToken {}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken").finish_non_exhaustive()
    }
}

pub(super) fn client(inner: &Inner, metadata: &Metadata) -> Client {
    let auth = match metadata.token_auth {
        TokenAuth::Basic => AuthType::BasicAuth,
        TokenAuth::Post => AuthType::RequestBody,
    };
    oauth2::Client::new(ClientId::new(inner.client_id.clone()))
        .set_client_secret(ClientSecret::new(inner.client_secret.expose().to_owned()))
        .set_auth_type(auth)
        .set_auth_uri(AuthUrl::from_url(metadata.authorization.clone()))
        .set_token_uri(TokenUrl::from_url(metadata.token.clone()))
}

pub(super) async fn exchange(
    inner: &Inner,
    metadata: &Metadata,
    code: &Secret,
    pending: &Pending,
) -> Result<ProviderTokens, OauthError> {
    let client = client(inner, metadata);
    let redirect_uri = redirect_url(pending.redirect_uri())?;
    let send = sender(&inner.gateway);
    let answer = client
        .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(
            pending.verifier().expose().to_owned(),
        ))
        .set_redirect_uri(Cow::Owned(redirect_uri))
        .request_async(&send)
        .await
        .map_err(error)?;
    read(inner, &answer, &inner.scopes, None)
}

pub(super) async fn refresh(
    inner: &Inner,
    metadata: &Metadata,
    refresh_token: &str,
) -> Result<ProviderTokens, OauthError> {
    let client = client(inner, metadata);
    let token = RefreshToken::new(refresh_token.to_owned());
    let send = sender(&inner.gateway);
    let answer = client
        .exchange_refresh_token(&token)
        .request_async(&send)
        .await
        .map_err(error)?;
    read(inner, &answer, &[], Some(refresh_token))
}

/// Owns its way out: a future that borrowed one could be sent to another thread only for lifetimes that the compiler can name, and
/// callers could not spawn theirs.
fn sender(
    gateway: &Gateway,
) -> impl Fn(oauth2::HttpRequest) -> BoxFuture<'static, Result<oauth2::HttpResponse, OauthError>> + use<>
{
    let gateway = gateway.clone();
    move |request| Box::pin(send(gateway.clone(), request))
}

/// Lets only answers through that are no error, so that the `oauth2` crate, whose errors hold the whole answer, reads tokens
/// alone.
async fn send(
    gateway: Gateway,
    request: oauth2::HttpRequest,
) -> Result<oauth2::HttpResponse, OauthError> {
    let answer = gateway.send(request.map(Into::into)).await?;
    match stated_error(answer.body()) {
        Some(code) => Err(OauthError::provider(known_code(&code))),
        None if answer.status() != StatusCode::OK => Err(OauthErrorKind::ProviderStatus.into()),
        None => Ok(answer.map(Into::into)),
    }
}

/// `error` in JSON (RFC 6749 §5.2) or in a form, as GitHub writes it; both of them with whatever status, 200 among them.
fn stated_error(body: &[u8]) -> Option<String> {
    match serde_json::from_slice::<Value>(body) {
        Ok(answer) => answer
            .get("error")
            .filter(|error| !error.is_null())
            .map(|error| error.as_str().unwrap_or_default().to_owned()),
        Err(_) => form_urlencoded::parse(body)
            .find(|(name, _)| name == "error")
            .map(|(_, value)| value.into_owned()),
    }
}

fn error(error: RequestTokenError<OauthError, BasicErrorResponse>) -> OauthError {
    match error {
        RequestTokenError::Request(error) => error,
        _ => OauthErrorKind::InvalidResponse.into(),
    }
}

fn read(
    inner: &Inner,
    answer: &Answer,
    asked: &[String],
    refresh_token: Option<&str>,
) -> Result<ProviderTokens, OauthError> {
    let access_token = answer.access_token().secret();
    let is_token =
        !access_token.is_empty() && access_token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_token || *answer.token_type() != BasicTokenType::Bearer {
        return Err(OauthErrorKind::InvalidResponse.into());
    }
    let lifetime = answer.expires_in();
    let given = answer.refresh_token().map(|token| token.secret().as_str());
    Ok(ProviderTokens::new(TokenFields {
        access_token: Secret::new(access_token),
        refresh_token: given.or(refresh_token).map(Secret::new),
        id_token: answer.extra_fields().id_token.clone(),
        expires_at: lifetime.map(|lifetime| inner.clock.now().saturating_add(lifetime)),
        scopes: granted(inner, answer).unwrap_or_else(|| asked.to_vec()),
    }))
}

/// GitHub puts commas between them.
fn granted(inner: &Inner, answer: &Answer) -> Option<Vec<String>> {
    let scopes = answer.scopes()?.iter();
    let names = scopes.flat_map(|scope| inner.dialect.scope_names(scope));
    Some(
        names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}
