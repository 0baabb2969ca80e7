//! What logins by providers answer with.

use serde_json::{Value, json};

use super::schemas::{id, or_null, time};

pub(super) fn started() -> Value {
    json!({
        "type": "object",
        "required": ["url"],
        "properties": { "url": { "type": "string", "format": "uri" } },
    })
}

pub(super) fn identity() -> Value {
    json!({
        "type": "object",
        "required": ["id", "provider", "email", "createdAt", "lastUsedAt"],
        "properties": {
            "id": id(),
            "provider": { "type": "string" },
            "email": { "type": ["string", "null"] },
            "createdAt": time(),
            "lastUsedAt": or_null(&time()),
        },
    })
}

/// A provider by which one can log in.
pub(super) fn offered() -> Value {
    json!({
        "type": "object",
        "required": ["name", "title"],
        "properties": { "name": { "type": "string" }, "title": { "type": "string" } },
    })
}
