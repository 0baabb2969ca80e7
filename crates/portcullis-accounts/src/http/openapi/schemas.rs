//! What bodies hold.

use serde_json::{Map, Value, json};

use super::{oauth, of_collection, second_factor};
use crate::Accounts;
use crate::accounts::Realm;
use crate::http::route::{Kind, Member};
use crate::model::AuditKind;
use crate::settings::{Field, FieldKind};

/// How a schema is called.
pub(super) fn name(schema: &str, realm: Option<&Realm>) -> String {
    match realm.filter(|_| of_collection::NAMES.contains(&schema)) {
        Some(realm) => format!("{schema}.{}", realm.name),
        None => schema.to_owned(),
    }
}

/// A member of a body or a query string.
pub(super) fn member(member: &Member) -> Value {
    match member.nullable {
        true => or_null(&of(member.kind)),
        false => of(member.kind),
    }
}

pub(super) fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

pub(super) fn of(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Secret => json!({ "type": "string", "format": "password" }),
        Kind::Email => json!({ "type": "string", "format": "email", "maxLength": 254 }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Time => time(),
        Kind::OneOf(options) => json!({ "type": "string", "enum": options }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Further => json!(true),
    }
}

/// One of the collection's own fields.
pub(super) fn field(field: &Field) -> Value {
    let mut schema = match &field.kind {
        FieldKind::Text { max } => json!({ "type": "string", "maxLength": max }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Integer => {
            json!({ "type": "integer", "minimum": -(1_i64 << 53), "maximum": 1_i64 << 53 })
        }
        FieldKind::Number => json!({ "type": "number" }),
        FieldKind::Select { options } => json!({ "type": "string", "enum": options }),
    };
    if !field.required {
        schema = or_null(&schema);
    }
    if let Some(default) = &field.default {
        schema["default"] = default.clone();
    }
    schema
}

/// All of them.
pub(super) fn all(accounts: &Accounts) -> Value {
    let mut schemas = shared();
    for realm in accounts.inner.realms.values() {
        for (schema, value) in of_collection::all(realm) {
            schemas.insert(name(schema, Some(realm)), value);
        }
    }
    Value::Object(schemas)
}

fn shared() -> Map<String, Value> {
    let text = || json!({ "type": "string" });
    let list = |name: &str, item: Value| {
        let mut properties = Map::new();
        properties.insert(name.to_owned(), json!({ "type": "array", "items": item }));
        json!({ "type": "object", "required": [name], "properties": properties })
    };
    let schemas = [
        ("Problem", problem()),
        ("Status", status("ok")),
        ("VerificationSent", status("verification_sent")),
        (
            "Revoked",
            json!({ "type": "object", "required": ["revoked"], "properties": { "revoked": { "type": "integer", "minimum": 0 } } }),
        ),
        (
            "Reauthenticated",
            json!({
                "type": "object",
                "required": ["freshUntil"],
                "properties": { "freshUntil": time(), "token": text(), "expiresIn": { "type": "integer" } },
            }),
        ),
        ("Challenge", challenge()),
        ("SecondFactor", second_factor::status()),
        ("Enrolment", second_factor::enrolment()),
        ("Activated", second_factor::activated()),
        ("RecoveryCodes", second_factor::recovery_codes()),
        ("Sessions", list("sessions", session())),
        ("ApiKeys", list("apiKeys", api_key(false))),
        (
            "NewApiKey",
            json!({ "type": "object", "required": ["apiKey"], "properties": { "apiKey": api_key(true) } }),
        ),
        ("AuditEvents", audit_events()),
        ("AuthMethods", auth_methods()),
        ("OauthStarted", oauth::started()),
        ("Identities", list("identities", oauth::identity())),
        ("Jwks", list("keys", json!({ "type": "object" }))),
        ("Document", json!({ "type": "object" })),
    ];
    schemas
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

fn status(status: &str) -> Value {
    json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": status } } })
}

fn challenge() -> Value {
    json!({
        "type": "object",
        "required": ["mfaRequired", "challenge", "methods", "expiresIn"],
        "properties": {
            "mfaRequired": { "const": true },
            "challenge": { "type": "string" },
            "methods": { "type": "array", "items": { "enum": ["totp", "recovery", "enroll"] } },
            "expiresIn": { "type": "integer", "minimum": 1 },
        },
        "additionalProperties": false,
    })
}

fn auth_methods() -> Value {
    json!({
        "type": "object",
        "required": ["password", "signup", "verificationRequired", "secondFactors", "mfaRequired", "providers"],
        "properties": {
            "password": { "type": "boolean" },
            "signup": { "type": "boolean" },
            "verificationRequired": { "type": "boolean" },
            "secondFactors": of(Kind::Texts),
            "mfaRequired": { "type": "boolean" },
            "providers": { "type": "array", "items": oauth::offered() },
        },
    })
}

fn audit_events() -> Value {
    let text = || json!({ "type": ["string", "null"] });
    let user = json!({
        "type": ["object", "null"],
        "required": ["collection", "id"],
        "properties": { "collection": { "type": "string" }, "id": id() },
    });
    let kinds = AuditKind::ALL.iter().map(|kind| kind.as_str());
    let event = json!({
        "type": "object",
        "required": ["id", "at", "kind", "outcome", "collection"],
        "properties": {
            "id": id(),
            "at": time(),
            "kind": { "enum": kinds.collect::<Vec<_>>() },
            "outcome": { "enum": ["success", "failure"] },
            "reason": text(),
            "collection": { "type": "string" },
            "actor": user,
            "subject": user,
            "ip": text(),
            "userAgent": text(),
            "requestId": text(),
            "sessionId": text(),
            "detail": text(),
        },
    });
    json!({
        "type": "object",
        "required": ["events", "nextCursor"],
        "properties": { "events": { "type": "array", "items": event }, "nextCursor": text() },
    })
}

/// An id: a UUID of version 7, in lower case.
pub(super) fn id() -> Value {
    const PATTERN: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
    json!({ "type": "string", "format": "uuid", "pattern": PATTERN })
}

/// The id in a path. Sessions by cookie have ids of another kind.
pub(super) fn id_in(path: &[&str]) -> Value {
    match path.contains(&"sessions") {
        true => json!({ "type": "string", "minLength": 1 }),
        false => id(),
    }
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string" },
            "detail": { "type": "string" },
            "reasons": of(Kind::Texts),
            "fields": { "type": "object", "additionalProperties": of(Kind::Texts) },
            "request_id": { "type": "string" },
        },
    })
}

fn session() -> Value {
    json!({
        "type": "object",
        "required": ["id", "current", "createdAt", "lastSeenAt", "ip", "userAgent", "remember"],
        "properties": {
            "id": { "type": "string" },
            "current": { "type": "boolean" },
            "createdAt": time(),
            "lastSeenAt": time(),
            "ip": { "type": ["string", "null"] },
            "userAgent": { "type": ["string", "null"] },
            "remember": { "type": "boolean" },
        },
    })
}

fn api_key(is_new: bool) -> Value {
    let maybe_time = || or_null(&time());
    let mut key = json!({
        "type": "object",
        "required": ["id", "name", "start", "scopes", "createdAt", "expiresAt", "lastUsedAt"],
        "properties": {
            "id": id(),
            "name": { "type": "string" },
            "start": { "type": "string" },
            "scopes": or_null(&of(Kind::Texts)),
            "createdAt": time(),
            "expiresAt": maybe_time(),
            "lastUsedAt": maybe_time(),
        },
    });
    if is_new {
        key["properties"]["key"] = json!({ "type": "string" });
        key["required"] = json!([
            "id",
            "name",
            "start",
            "scopes",
            "createdAt",
            "expiresAt",
            "lastUsedAt",
            "key"
        ]);
    }
    key
}

pub(super) fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}
