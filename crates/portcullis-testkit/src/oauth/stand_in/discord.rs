//! Discord.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, json};
use super::authorize::{has_good_challenge, new_code, send_back};
use super::grants::Grant;
use super::state::State;
use super::{Person, ReceivedRequest};
use crate::oauth::{Client, Endpoint};

pub(super) fn endpoint(path: &str) -> Option<Endpoint> {
    let api = path
        .strip_prefix("/api/v10")
        .or_else(|| path.strip_prefix("/api"));
    match (path, api) {
        ("/oauth2/authorize", _) | (_, Some("/oauth2/authorize")) => Some(Endpoint::Authorization),
        (_, Some("/oauth2/token")) => Some(Endpoint::Token),
        (_, Some("/users/@me")) => Some(Endpoint::Userinfo),
        _ => None,
    }
}

pub(super) fn answer(
    endpoint: Option<Endpoint>,
    request: &ReceivedRequest,
    client: &Client,
    state: &mut State,
) -> Answer {
    match endpoint {
        Some(Endpoint::Authorization) => authorize(request, client, state),
        Some(Endpoint::Token) => token(request, client, state),
        Some(Endpoint::Userinfo) => userinfo(request, state),
        _ => json(404, &json!({ "message": "404: Not Found", "code": 0 })),
    }
}

fn authorize(request: &ReceivedRequest, client: &Client, state: &mut State) -> Answer {
    let to = request.parameter("redirect_uri").unwrap_or_default();
    let is_known = request.parameter("client_id") == Some(&*client.id);
    if !is_known || !state.redirects.iter().any(|allowed| allowed == to) {
        return json(
            400,
            &json!({ "error": "invalid_request", "error_description": "Invalid OAuth2 redirect_uri" }),
        );
    }
    let error = |error: &str, description: &str| {
        let parameters = [("error", error), ("error_description", description)];
        send_back(request, to, &parameters)
    };
    if request.parameter("response_type") != Some("code") || !has_good_challenge(request) {
        return error("invalid_request", "The request is not one");
    }
    match state.next_person(None) {
        Some(person) if !state.denies => {
            let code = new_code(request, person, ' ', state);
            send_back(request, to, &[("code", &code)])
        }
        _ => error(
            "access_denied",
            "The resource owner or authorization server denied the request",
        ),
    }
}

fn token(request: &ReceivedRequest, client: &Client, state: &mut State) -> Answer {
    let content_type = request.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return json(
            415,
            &json!({ "message": "Unsupported Media Type", "code": 0 }),
        );
    }
    if !has_credentials(request, client) {
        return json(401, &json!({ "error": "invalid_client" }));
    }
    let grant = match request.field("grant_type").as_deref() {
        Some("authorization_code") => code(request, state),
        Some("refresh_token") => request
            .field("refresh_token")
            .and_then(|token| state.grants.take_refresh_token(&token)),
        _ => return json(400, &json!({ "error": "unsupported_grant_type" })),
    };
    match grant {
        Some(grant) => json(200, &tokens(&grant, state)),
        None => json(
            400,
            &json!({ "error": "invalid_grant", "error_description": "Invalid \"code\" in request." }),
        ),
    }
}

/// The id and the secret are encoded as a form before they are put together (RFC 6749 §2.3.1); Discord's need no encoding.
fn has_credentials(request: &ReceivedRequest, client: &Client) -> bool {
    let credentials =
        crate::oauth::wire::encoded([(&*client.id, &*client.secret)]).replacen('=', ":", 1);
    request.token(&["basic"]) == Some(&STANDARD.encode(credentials))
}

fn code(request: &ReceivedRequest, state: &mut State) -> Option<Grant> {
    let grant = state.grants.take_code(&request.field("code")?)?;
    let is_same_place = request.field("redirect_uri") == grant.redirect_uri;
    let verifier = request.field("code_verifier");
    (is_same_place && grant.is_proven_by(verifier.as_deref())).then_some(grant)
}

fn tokens(grant: &Grant, state: &mut State) -> Value {
    json!({
        "token_type": "Bearer",
        "access_token": state.grants.new_token("", grant.clone()),
        "expires_in": 604_800,
        "refresh_token": state.grants.new_refresh_token(grant.clone()),
        "scope": grant.scopes.join(" "),
    })
}

fn userinfo(request: &ReceivedRequest, state: &State) -> Answer {
    match state.holder(request.token(&["bearer"])) {
        Some((person, grant)) if grant.has_scope("identify") => json(200, &user(person, grant)),
        _ => json(401, &json!({ "message": "401: Unauthorized", "code": 0 })),
    }
}

fn user(person: &Person, grant: &Grant) -> Value {
    let mut user = json!({
        "id": person.id.to_string(),
        "username": person.login,
        "discriminator": "0",
        "global_name": person.name,
        "avatar": person.avatar,
        "public_flags": 64,
        "flags": 64,
        "locale": "en-GB",
        "mfa_enabled": false,
    });
    if grant.has_scope("email") {
        let address = person.addresses.first();
        user["email"] = address.map(|address| address.text.clone()).into();
        user["verified"] = address.is_some_and(|address| address.is_verified).into();
    }
    user
}
