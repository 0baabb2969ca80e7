//! Tokens both ways between us and PyJWT, node's jose, and Debian's jose: whatever one signs, the other verifies, and neither
//! takes one that was changed on the way.

mod ours;
mod parts;
mod peers;
mod theirs;

use serde_json::{Value, json};

/// What is tried with every peer that has it.
const ASYMMETRIC: [&str; 5] = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];

/// Claims of the kinds that JSON has, beyond ASCII as well.
fn private_claims() -> Value {
    json!({
        "roles": ["user", "editor"],
        "plan": "Größe ✓ \"quoted\" \u{1d11e}",
        "quota": { "files": 9_007_199_254_740_991_i64, "share": 0.25, "free": null, "more": true },
    })
}

/// The token with one character of its claims, or of its signature, changed for another.
fn tampered(token: &str) -> [String; 2] {
    let claims = token.find('.').unwrap() + 1;
    let signature = token.rfind('.').unwrap() + 1;
    // The fourth character is the end of the third byte, a letter in `{"sub":`, so the claims stay JSON.
    [changed(token, claims + 3), changed(token, signature)]
}

/// The text with another character of base64url at this place, one bit away.
fn changed(text: &str, place: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = text.as_bytes().to_vec();
    let value = ALPHABET.iter().position(|byte| *byte == bytes[place]);
    bytes[place] = ALPHABET[value.unwrap() ^ 1];
    String::from_utf8(bytes).unwrap()
}
