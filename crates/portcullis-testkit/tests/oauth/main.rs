//! The providers for tests, spoken to by hand.
#![cfg(feature = "oauth")]

mod bad;
mod conforming;
mod discord;
mod github;
mod hostile;
mod http;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const CALLBACK: &str = "http://127.0.0.1:1/callback";
const SECRET: &str = "a secret that is long enough: 32";

/// What an application asks an authorisation endpoint for.
fn asked(scope: &str) -> String {
    http::form(&[
        ("client_id", "client"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("state", "a state"),
        ("nonce", "a nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ])
}

/// What it then sends to a token endpoint.
fn exchanged(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}
