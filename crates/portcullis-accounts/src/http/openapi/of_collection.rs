//! The schemas that are different in each collection, because a user is.

use serde_json::{Map, Value, json};

use super::schemas::{field, id, name, of, or_null, time};
use crate::accounts::Realm;
use crate::http::route::Kind;

/// How they are called.
pub(super) const NAMES: [&str; 10] = [
    "User",
    "UserAnswer",
    "SeenUser",
    "SeenUserAnswer",
    "Tokens",
    "Session",
    "LoggedIn",
    "EnrolledSession",
    "Me",
    "Users",
];

pub(super) fn all(realm: &Realm) -> [(&'static str, Value); 10] {
    let schema = |schema: &str| json!({ "$ref": format!("#/components/schemas/{}", name(schema, Some(realm))) });
    [
        ("User", user(realm)),
        ("UserAnswer", with_user(&schema("User"), &json!({}), &[])),
        ("SeenUser", seen_user(&schema("User"))),
        (
            "SeenUserAnswer",
            with_user(&schema("SeenUser"), &json!({}), &[]),
        ),
        ("Tokens", tokens(&schema("User"))),
        ("Session", session(&schema("Tokens"), &schema("User"))),
        ("LoggedIn", logged_in(&schema("Session"))),
        (
            "EnrolledSession",
            enrolled(&schema("Tokens"), &schema("User")),
        ),
        ("Me", me(&schema("User"))),
        ("Users", users(&schema("SeenUser"))),
    ]
}

/// An object with a user and other members.
fn with_user(user: &Value, others: &Value, required: &[&str]) -> Value {
    let mut properties = others.clone();
    properties["user"] = user.clone();
    let required = [&["user"], required].concat();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn user(realm: &Realm) -> Value {
    let own = [
        ("id", id()),
        ("email", json!({ "type": "string" })),
        ("roles", of(Kind::Texts)),
        ("permissions", of(Kind::Texts)),
        ("verified", json!({ "type": "boolean" })),
        ("mfa", json!({ "type": "boolean" })),
        ("createdAt", time()),
        ("updatedAt", time()),
    ];
    let shown = realm.settings.fields.iter().filter(|field| !field.hidden);
    let shown = shown.map(|own| (own.name.clone().into_owned(), field(own)));
    let own = own.map(|(name, schema)| (name.to_owned(), schema));
    let properties: Map<String, Value> = own.into_iter().chain(shown).collect();
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// A user as administrators see it.
fn seen_user(user: &Value) -> Value {
    let banned = json!({ "type": "object", "required": ["banned"], "properties": { "banned": { "type": "boolean" } } });
    json!({ "allOf": [user, banned] })
}

fn tokens(user: &Value) -> Value {
    let others = json!({
        "token": { "type": "string" },
        "tokenType": { "const": "Bearer" },
        "expiresIn": { "type": "integer", "minimum": 1 },
        "refreshToken": { "type": "string" },
        "weakPassword": weak_password(),
    });
    let required = ["token", "tokenType", "expiresIn", "refreshToken"];
    with_user(user, &others, &required)
}

/// Tokens, or in cookie mode the user alone.
fn session(tokens: &Value, user: &Value) -> Value {
    let mut by_cookie = with_user(user, &json!({ "weakPassword": weak_password() }), &[]);
    by_cookie["additionalProperties"] = json!(false);
    json!({ "oneOf": [tokens, by_cookie] })
}

/// A session, or what its second factor is to be shown with.
fn logged_in(session: &Value) -> Value {
    let challenge = json!({ "$ref": "#/components/schemas/Challenge" });
    json!({ "oneOf": [session, challenge] })
}

/// A session, and the recovery codes of the factor that was made on its way.
fn enrolled(tokens: &Value, user: &Value) -> Value {
    let codes = json!({ "recoveryCodes": of(Kind::Texts) });
    let with_codes =
        json!({ "type": "object", "required": ["recoveryCodes"], "properties": codes });
    let mut others = codes;
    others["weakPassword"] = weak_password();
    let mut by_cookie = with_user(user, &others, &["recoveryCodes"]);
    by_cookie["additionalProperties"] = json!(false);
    json!({ "oneOf": [{ "allOf": [tokens, with_codes] }, by_cookie] })
}

/// Where a password that was right should be replaced.
fn weak_password() -> Value {
    json!({ "type": "object", "required": ["reasons"], "properties": { "reasons": of(Kind::Texts) } })
}

fn me(user: &Value) -> Value {
    let others = json!({
        "authType": { "enum": ["jwt", "apikey", "session"] },
        "scopes": or_null(&of(Kind::Texts)),
        "sessionId": { "type": ["string", "null"] },
        "expiresAt": or_null(&time()),
    });
    with_user(user, &others, &["authType", "sessionId", "expiresAt"])
}

fn users(user: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["users", "nextCursor"],
        "properties": {
            "users": { "type": "array", "items": user },
            "nextCursor": { "type": ["string", "null"] },
        },
    })
}
