//! What is told of second factors.

use serde_json::{Value, json};

pub(super) fn status() -> Value {
    json!({
        "type": "object",
        "required": ["totp", "recoveryCodesLeft"],
        "properties": {
            "totp": { "type": "boolean" },
            "recoveryCodesLeft": { "type": "integer", "minimum": 0 },
        },
    })
}

pub(super) fn enrolment() -> Value {
    json!({
        "type": "object",
        "required": ["secret", "uri", "qrSvg"],
        "properties": {
            "secret": { "type": "string", "format": "password", "pattern": "^[A-Z2-7]{32}$" },
            "uri": { "type": "string", "format": "password" },
            "qrSvg": { "type": "string", "format": "password", "contentMediaType": "image/svg+xml" },
        },
    })
}

/// The codes, and an access token where the login is by tokens.
pub(super) fn activated() -> Value {
    let mut activated = recovery_codes();
    activated["properties"]["token"] = json!({ "type": "string" });
    activated["properties"]["expiresIn"] = json!({ "type": "integer", "minimum": 1 });
    activated
}

pub(super) fn recovery_codes() -> Value {
    let code = json!({ "type": "string", "pattern": "^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$" });
    let codes = json!({ "type": "array", "items": code, "minItems": 10, "maxItems": 10 });
    json!({ "type": "object", "required": ["recoveryCodes"], "properties": { "recoveryCodes": codes } })
}
