//! What an operation answers: its success, and every refusal that can come of its row.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};

use super::schemas;
use crate::accounts::Realm;
use crate::http::route::{By, Route, Shape, Who};

type Refusals = BTreeMap<u16, Vec<&'static str>>;

/// All of them, by status.
pub(super) fn of(route: &Route, realm: Option<&Realm>) -> Value {
    let mut responses = Map::new();
    let (status, shape) = route.success;
    responses.insert(status.to_string(), success(route, shape, realm));
    if route.name == "register" {
        let accepted = success(route, Shape::Schema("VerificationSent"), realm);
        responses.insert("202".to_owned(), accepted);
    }
    for (status, codes) in refusals(route) {
        responses.insert(status.to_string(), refusal(status, &codes));
    }
    Value::Object(responses)
}

fn success(route: &Route, shape: Shape, realm: Option<&Realm>) -> Value {
    let mut headers =
        json!({ "X-Request-Id": header("RequestId"), "Cache-Control": header("CacheControl") });
    if sets_cookies(route, shape) {
        headers["Set-Cookie"] = header("SetCookie");
    }
    if shape == Shape::Redirect {
        headers["Location"] = header("Location");
        headers["Referrer-Policy"] = header("ReferrerPolicy");
    }
    let mut response = json!({ "description": "Done.", "headers": headers });
    if let Shape::Schema(name) = shape {
        let name = schemas::name(name, realm);
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        response["content"] = json!({ "application/json": { "schema": schema } });
    }
    response
}

/// Whether the session's cookie may come with the answer, or be taken back by it.
fn sets_cookies(route: &Route, shape: Shape) -> bool {
    let begins = matches!(
        shape,
        Shape::Schema("Session" | "LoggedIn" | "EnrolledSession" | "Reauthenticated" | "Activated")
    );
    begins
        || shape == Shape::Redirect
        || matches!(
            route.name,
            "logout" | "oauthLink" | "disableTotp" | "setRoles" | "updateUser"
        )
}

fn refusal(status: u16, codes: &[&str]) -> Value {
    let mut headers =
        json!({ "X-Request-Id": header("RequestId"), "Cache-Control": header("CacheControl") });
    let further: &[(&str, &str)] = match status {
        401 => &[("WWW-Authenticate", "Challenge")],
        429 => &[
            ("Retry-After", "RetryAfter"),
            ("RateLimit", "RateLimit"),
            ("RateLimit-Policy", "RateLimitPolicy"),
        ],
        503 => &[("Retry-After", "RetryAfter")],
        _ => &[],
    };
    for (name, component) in further {
        headers[*name] = header(component);
    }
    json!({
        "description": codes.join(", "),
        "headers": headers,
        "content": { "application/problem+json": { "schema": {
            "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "type": "object", "properties": { "status": { "const": status }, "code": { "enum": codes } } },
            ],
        } } },
    })
}

fn header(component: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{component}") })
}

/// The headers that more than one answer has.
pub(super) fn headers() -> Value {
    let text = |description: &str, required: bool| json!({ "description": description, "required": required, "schema": { "type": "string" } });
    json!({
        "RequestId": text("The request's own id where it has a sound one, or a new one.", true),
        "CacheControl": {
            "description": "Nothing of this is for a cache.",
            "required": true,
            "schema": { "const": "no-store" },
        },
        "Location": text("Where the browser goes.", true),
        "ReferrerPolicy": {
            "description": "Where the browser goes is not told where it comes from.",
            "required": true,
            "schema": { "const": "no-referrer" },
        },
        "SetCookie": text("The session's cookie, in cookie mode.", false),
        "Challenge": text("By which credentials one may come in (RFC 9110 §11.6.1).", true),
        "RetryAfter": {
            "description": "After how many seconds to come back.",
            "required": true,
            "schema": { "type": "integer", "minimum": 1 },
        },
        "RateLimit": text("What is left of the limit, and when there is more: `\"login\";r=0;t=42`.", true),
        "RateLimitPolicy": text("The limit: `\"login\";q=30;w=60`.", true),
    })
}

/// Those of the row, and those that follow from what it asks for.
fn refusals(route: &Route) -> Refusals {
    let mut refusals = Refusals::new();
    add(&mut refusals, route.refusals);
    add(
        &mut refusals,
        &[(400, &["multiple_credentials"]), (503, &["unavailable"])],
    );
    add(
        &mut refusals,
        &[(422, &["field_not_allowed", "invalid_field"])],
    );
    if route.body.is_some() {
        add(
            &mut refusals,
            &[
                (400, &["invalid_json", "unreadable_body"]),
                (413, &["body_too_large"]),
                (415, &["unsupported_media_type"]),
            ],
        );
    }
    if route.limit.is_some() {
        add(&mut refusals, &[(429, &["rate_limited"])]);
    }
    if route.method != Method::GET {
        add(&mut refusals, &[(403, &["cross_site"])]);
    }
    add(&mut refusals, of_callers(route.who));
    for codes in refusals.values_mut() {
        codes.sort_unstable();
        codes.dedup();
    }
    refusals
}

fn of_callers(who: Who) -> &'static [(u16, &'static [&'static str])] {
    const NOBODY: (u16, &[&str]) = (
        401,
        &[
            "unauthenticated",
            "invalid_token",
            "invalid_api_key",
            "mfa_required",
        ],
    );
    match who {
        Who::Anyone => &[],
        Who::User(By::Any) => &[NOBODY],
        Who::User(By::NotKey | By::NotKeyUnlessAdmin) => &[NOBODY, (403, &["key_not_allowed"])],
        Who::User(By::Fresh) => &[
            NOBODY,
            (401, &["reauthentication_required"]),
            (403, &["key_not_allowed"]),
        ],
        Who::FreshPermitted(_) => &[
            NOBODY,
            (401, &["reauthentication_required"]),
            (403, &["forbidden", "key_not_allowed"]),
        ],
        Who::Permitted(_) => &[NOBODY, (403, &["forbidden", "insufficient_scope"])],
    }
}

fn add(refusals: &mut Refusals, further: &[(u16, &'static [&'static str])]) {
    for (status, codes) in further {
        refusals.entry(*status).or_default().extend(*codes);
    }
}
