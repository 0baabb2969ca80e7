//! What bodies hold.

use serde_json::{Map, Value, json};

use crate::Accounts;
use crate::accounts::Realm;
use crate::http::route::{Kind, Member};
use crate::settings::{Field, FieldKind};

/// The schemas that are different in each collection, because a user is.
const OF_COLLECTION: [&str; 5] = ["User", "UserAnswer", "Session", "Me", "Users"];

/// How a schema is called.
pub(super) fn name(schema: &str, realm: Option<&Realm>) -> String {
    match realm.filter(|_| OF_COLLECTION.contains(&schema)) {
        Some(realm) => format!("{schema}.{}", realm.name),
        None => schema.to_owned(),
    }
}

/// A member of a body or a query string.
pub(super) fn member(member: &Member) -> Value {
    match member.nullable {
        true => or_null(of(member.kind)),
        false => of(member.kind),
    }
}

fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn of(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Secret => json!({ "type": "string", "format": "password" }),
        Kind::Email => json!({ "type": "string", "format": "email", "maxLength": 254 }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Time => time(),
        Kind::OneOf(options) => json!({ "type": "string", "enum": options }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
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
        schema = or_null(schema);
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
        for (schema, value) in of_collection(realm) {
            schemas.insert(name(schema, Some(realm)), value);
        }
    }
    Value::Object(schemas)
}

fn of_collection(realm: &Realm) -> [(&'static str, Value); 5] {
    let user = json!({ "$ref": format!("#/components/schemas/{}", name("User", Some(realm))) });
    let with_user = |others: Value| {
        let mut properties = others;
        properties["user"] = user.clone();
        json!({ "type": "object", "required": ["user"], "properties": properties })
    };
    [
        ("User", user_schema(realm)),
        ("UserAnswer", with_user(json!({}))),
        (
            "Session",
            with_user(json!({
                "token": { "type": "string" },
                "tokenType": { "const": "Bearer" },
                "expiresIn": { "type": "integer" },
                "refreshToken": { "type": "string" },
            })),
        ),
        (
            "Me",
            with_user(json!({
                "authType": { "enum": ["jwt", "apikey", "session"] },
                "scopes": or_null(of(Kind::Texts)),
                "sessionId": { "type": ["string", "null"] },
                "expiresAt": or_null(time()),
            })),
        ),
        (
            "Users",
            json!({
                "type": "object",
                "required": ["users"],
                "properties": {
                    "users": { "type": "array", "items": user },
                    "nextCursor": { "type": ["string", "null"] },
                },
            }),
        ),
    ]
}

fn user_schema(realm: &Realm) -> Value {
    let mut properties = Map::new();
    let own = [
        ("id", json!({ "type": "string", "format": "uuid" })),
        ("email", json!({ "type": "string" })),
        ("roles", of(Kind::Texts)),
        ("permissions", of(Kind::Texts)),
        ("verified", json!({ "type": "boolean" })),
        ("mfa", json!({ "type": "boolean" })),
        ("createdAt", time()),
        ("updatedAt", time()),
    ];
    let required: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
    properties.extend(
        own.iter()
            .map(|(name, schema)| ((*name).to_owned(), schema.clone())),
    );
    let shown = realm.settings.fields.iter().filter(|field| !field.hidden);
    properties.extend(shown.map(|own| (own.name.clone().into_owned(), field(own))));
    json!({ "type": "object", "required": required, "properties": properties })
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
        (
            "Status",
            json!({ "type": "object", "required": ["status"], "properties": { "status": text() } }),
        ),
        (
            "Accepted",
            json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "ok" } } }),
        ),
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
        ("Sessions", list("sessions", session())),
        ("ApiKeys", list("apiKeys", api_key(false))),
        (
            "NewApiKey",
            json!({ "type": "object", "required": ["apiKey"], "properties": { "apiKey": api_key(true) } }),
        ),
        (
            "AuditEvents",
            json!({
                "type": "object",
                "required": ["events"],
                "properties": { "events": { "type": "array", "items": { "type": "object" } }, "nextCursor": { "type": ["string", "null"] } },
            }),
        ),
        (
            "AuthMethods",
            json!({ "type": "object", "properties": { "password": { "type": "boolean" }, "providers": of(Kind::Texts) } }),
        ),
        ("Jwks", list("keys", json!({ "type": "object" }))),
        ("Document", json!({ "type": "object" })),
    ];
    schemas
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
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
        "required": ["id", "current", "createdAt", "lastSeenAt", "remember"],
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
    let maybe_time = || or_null(time());
    let mut key = json!({
        "type": "object",
        "required": ["id", "name", "start", "scopes", "createdAt", "expiresAt", "lastUsedAt"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "name": { "type": "string" },
            "start": { "type": "string" },
            "scopes": or_null(of(Kind::Texts)),
            "createdAt": time(),
            "expiresAt": maybe_time(),
            "lastUsedAt": maybe_time(),
        },
    });
    if is_new {
        key["properties"]["key"] = json!({ "type": "string" });
    }
    key
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}
