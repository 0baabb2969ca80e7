//! GitHub.

use http::header::HeaderValue;
use serde_json::{Value, json};

use super::answer::{Answer, answer as plain, json};
use super::authorize::{has_good_challenge, new_code, send_back};
use super::grants::Grant;
use super::state::State;
use super::{Person, ReceivedRequest};
use crate::oauth::wire::encoded;
use crate::oauth::{Client, Endpoint};

const MISMATCH: &str =
    "The redirect_uri MUST match the registered callback URL for this application.";

pub(super) fn endpoint(path: &str) -> Option<Endpoint> {
    // GitHub Enterprise Server has the API below this.
    match path.strip_prefix("/api/v3").unwrap_or(path) {
        "/login/oauth/authorize" => Some(Endpoint::Authorization),
        "/login/oauth/access_token" => Some(Endpoint::Token),
        "/user" => Some(Endpoint::Userinfo),
        "/user/emails" => Some(Endpoint::Addresses),
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
        Some(Endpoint::Token) => in_the_form_asked_for(request, &token(request, client, state)),
        Some(Endpoint::Userinfo | Endpoint::Addresses)
            if request.header("user-agent").is_none() =>
        {
            let rules = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
            plain(403, "text/plain", rules)
        }
        Some(Endpoint::Userinfo) => about(request, state, |person, _| Some(user(person))),
        Some(Endpoint::Addresses) => about(request, state, addresses),
        _ => not_found(),
    }
}

fn authorize(request: &ReceivedRequest, client: &Client, state: &mut State) -> Answer {
    let Some(home) = state.redirects.first().cloned() else {
        return not_found();
    };
    if request.parameter("client_id") != Some(&*client.id) {
        return not_found();
    }
    let to = request.parameter("redirect_uri").unwrap_or(&home);
    if !state.redirects.iter().any(|allowed| allowed == to) {
        return refuse(request, &home, "redirect_uri_mismatch", MISMATCH);
    }
    if !has_good_challenge(request) {
        let description = "The code challenge is not one";
        return refuse(request, to, "invalid_request", description);
    }
    match state.next_person(request.parameter("login")) {
        Some(person) if !state.denies => {
            let code = new_code(request, person, ',', state);
            send_back(request, to, &[("code", &code), ("iss", &issuer(request))])
        }
        _ => {
            let description = "The user has denied your application access.";
            refuse(request, to, "access_denied", description)
        }
    }
}

fn refuse(request: &ReceivedRequest, to: &str, error: &str, description: &str) -> Answer {
    let issuer = issuer(request);
    let parameters = [
        ("error", error),
        ("error_description", description),
        ("iss", &issuer),
    ];
    send_back(request, to, &parameters)
}

/// What GitHub calls itself when it sends somebody back (RFC 9207).
fn issuer(request: &ReceivedRequest) -> String {
    let host = request.header("host").unwrap_or_default();
    format!("http://{host}/login/oauth")
}

/// A token, or an error: GitHub gives both the status 200.
fn token(
    request: &ReceivedRequest,
    client: &Client,
    state: &mut State,
) -> Vec<(&'static str, String)> {
    let field = |name: &str| {
        request
            .field(name)
            .or_else(|| request.parameter(name).map(str::to_owned))
    };
    if field("client_id").as_ref() != Some(&client.id)
        || field("client_secret").as_ref() != Some(&client.secret)
    {
        return error(
            "incorrect_client_credentials",
            "The client_id and/or client_secret passed are incorrect.",
        );
    }
    let grant = field("code").and_then(|code| state.grants.take_code(&code));
    let Some(grant) = grant.filter(|grant| grant.is_proven_by(field("code_verifier").as_deref()))
    else {
        return error(
            "bad_verification_code",
            "The code passed is incorrect or expired.",
        );
    };
    let redirect_uri = field("redirect_uri");
    if redirect_uri.is_some() && redirect_uri != grant.redirect_uri {
        return error("redirect_uri_mismatch", MISMATCH);
    }
    let scope = grant.scopes.join(",");
    let token = state.grants.new_token("gho_", grant);
    vec![
        ("access_token", token),
        ("scope", scope),
        ("token_type", "bearer".to_owned()),
    ]
}

fn error(error: &str, description: &str) -> Vec<(&'static str, String)> {
    let page = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/";
    vec![
        ("error", error.to_owned()),
        ("error_description", description.to_owned()),
        ("error_uri", page.to_owned()),
    ]
}

fn in_the_form_asked_for(request: &ReceivedRequest, fields: &[(&'static str, String)]) -> Answer {
    let accepts_json = request
        .header("accept")
        .is_some_and(|accepted| accepted.contains("application/json"));
    if accepts_json {
        let body = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(&**value)));
        return json(200, &Value::Object(body.collect()));
    }
    let body = encoded(fields.iter().map(|(name, value)| (*name, &**value)));
    plain(
        200,
        "application/x-www-form-urlencoded; charset=utf-8",
        body,
    )
}

fn about(
    request: &ReceivedRequest,
    state: &State,
    body: impl Fn(&Person, &Grant) -> Option<Value>,
) -> Answer {
    let token = request.token(&["bearer", "token"]);
    let Some((person, grant)) = state.holder(token) else {
        let body = json!({ "message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401" });
        return json(401, &body);
    };
    let Some(body) = body(person, grant) else {
        return not_found();
    };
    let mut answer = json(200, &body);
    let scopes = HeaderValue::from_str(&grant.scopes.join(", "));
    let scopes = scopes.unwrap_or(HeaderValue::from_static(""));
    answer.headers_mut().insert("x-oauth-scopes", scopes);
    answer
}

/// Addresses are a page of their own; here they stand only if they were made public.
fn user(person: &Person) -> Value {
    json!({
        "login": person.login,
        "id": person.id,
        "node_id": format!("U_{}", person.id),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", person.id),
        "gravatar_id": "",
        "type": "User",
        "site_admin": false,
        "name": person.name,
        "email": null,
        "created_at": "2011-01-25T18:44:36Z",
    })
}

fn addresses(person: &Person, grant: &Grant) -> Option<Value> {
    if !grant.has_scope("user:email") && !grant.has_scope("user") {
        return None;
    }
    // GitHub does not put the primary one first.
    let all = person.addresses.iter().enumerate().rev();
    let all = all.map(|(place, address)| {
        let visibility = (place == 0).then_some("private");
        json!({ "email": address.text, "primary": place == 0, "verified": address.is_verified, "visibility": visibility })
    });
    Some(all.collect())
}

fn not_found() -> Answer {
    json(404, &json!({ "message": "Not Found", "status": "404" }))
}
