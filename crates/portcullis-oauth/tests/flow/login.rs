//! An application that logs people in, and an OpenID provider that is good unless told otherwise.

use std::time::Duration;

use portcullis_oauth::{
    Authorization, Authorize, Callback, Exchanged, OauthError, Provider, ProviderBuilder,
};
use portcullis_testkit::ManualClock;
use serde_json::{Value, json};

use crate::keys::{Key, jwks};
use crate::party::{Answer, Party};

pub(crate) const CLIENT_ID: &str = "client-1";
pub(crate) const CLIENT_SECRET: &str = "the client's own secret: 9f&=+%/";
pub(crate) const REDIRECT: &str = "https://app.example/login/callback?of=example";
pub(crate) const ACCESS_TOKEN: &str = "access.token-of~ada";

/// 2026-01-01T00:00:00Z, where a `ManualClock` starts.
pub(crate) const START: i64 = 1_767_225_600;

/// Long enough for whoever answers, also on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// A parameter of a query, a form or a URL, decoded.
pub(crate) fn parameter(text: &str, name: &str) -> Option<String> {
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let mut found = form_urlencoded::parse(query.as_bytes()).filter(|(other, _)| other == name);
    let value = found.next().map(|(_, value)| value.into_owned());
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

/// An OpenID provider, the application at it, and the time.
pub(crate) struct Stage {
    pub(crate) party: Party,
    pub(crate) key: Key,
    pub(crate) clock: ManualClock,
    pub(crate) provider: Provider,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// With an application that has other settings.
    pub(crate) async fn with(settings: impl FnOnce(ProviderBuilder) -> ProviderBuilder) -> Self {
        Self::signing(Key::es256("first"), settings).await
    }

    pub(crate) async fn signing(
        key: Key,
        settings: impl FnOnce(ProviderBuilder) -> ProviderBuilder,
    ) -> Self {
        let party = Party::start().await;
        party.answer(DISCOVERY, Answer::json(&document(&party)));
        party.answer("/jwks", Answer::json(&jwks(&[&key])));
        party.answer("/userinfo", Answer::json(&user()));
        let clock = ManualClock::new();
        let provider = settings(oidc(&party, &clock)).build().unwrap();
        Self {
            party,
            key,
            clock,
            provider,
        }
    }

    pub(crate) async fn begin(&self) -> Authorization {
        self.begin_with(Authorize::new(REDIRECT)).await
    }

    pub(crate) async fn begin_with(&self, request: Authorize) -> Authorization {
        self.provider.authorize(request).await.unwrap()
    }

    /// The claims that an honest provider would say for this login.
    pub(crate) fn claims(&self, authorization: &Authorization) -> Value {
        json!({
            "iss": self.party.url(""),
            "aud": CLIENT_ID,
            "sub": "ada",
            "iat": START,
            "exp": START + 300,
            "nonce": parameter(&authorization.url, "nonce").unwrap(),
        })
    }

    /// All of a login, with claims that are changed before they are signed.
    pub(crate) async fn log_in_saying(
        &self,
        change: impl FnOnce(&mut Value),
    ) -> Result<Exchanged, OauthError> {
        let authorization = self.begin().await;
        let mut claims = self.claims(&authorization);
        change(&mut claims);
        let token = self.key.token(&claims);
        self.end(&authorization, &token).await
    }

    pub(crate) async fn log_in(&self) -> Result<Exchanged, OauthError> {
        self.log_in_saying(|_| ()).await
    }

    /// The second half of a login, with this ID token.
    pub(crate) async fn end(
        &self,
        authorization: &Authorization,
        id_token: &str,
    ) -> Result<Exchanged, OauthError> {
        let mut answer = tokens();
        answer["id_token"] = json!(id_token);
        self.end_with(authorization, Answer::json(&answer)).await
    }

    /// The second half of a login, with whatever the token endpoint says.
    pub(crate) async fn end_with(
        &self,
        authorization: &Authorization,
        answer: Answer,
    ) -> Result<Exchanged, OauthError> {
        self.party.answer("/token", answer);
        let callback = callback(authorization, "code=the-code");
        self.provider
            .exchange(&authorization.pending, &callback)
            .await
    }

    /// All of a login, with whatever the token endpoint says.
    pub(crate) async fn log_in_with(&self, answer: Answer) -> Result<Exchanged, OauthError> {
        let authorization = self.begin().await;
        self.end_with(&authorization, answer).await
    }
}

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

pub(crate) fn document(party: &Party) -> Value {
    json!({
        "issuer": party.url(""),
        "authorization_endpoint": party.url("/authorize"),
        "token_endpoint": party.url("/token"),
        "userinfo_endpoint": party.url("/userinfo"),
        "jwks_uri": party.url("/jwks"),
    })
}

pub(crate) fn oidc(party: &Party, clock: &ManualClock) -> ProviderBuilder {
    Provider::oidc("example", party.url(""), CLIENT_ID, CLIENT_SECRET)
        .clock(clock.shared())
        .timeout(PATIENCE)
        .with_insecure_http_for_loopback()
}

pub(crate) fn tokens() -> Value {
    json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600})
}

pub(crate) fn user() -> Value {
    json!({"sub": "ada", "email": "ada@example.com", "email_verified": true, "name": "Ada"})
}

/// What the browser comes back with: the state that it should have, and something more.
pub(crate) fn callback(authorization: &Authorization, rest: &str) -> Callback {
    let state = authorization.pending.state();
    let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
    Callback::from_query(&format!("{rest}&state={state}")).unwrap()
}

/// A refusal as it is compared: its code, and what is wrong with the ID token or what the provider said.
pub(crate) fn refusal<T>(result: Result<T, OauthError>) -> (&'static str, Option<&'static str>) {
    match result {
        Ok(_) => ("accepted", None),
        Err(error) => (
            error.code(),
            error.token_code().or(error.provider_error_code()),
        ),
    }
}

pub(crate) fn code<T>(result: Result<T, OauthError>) -> &'static str {
    refusal(result).0
}
