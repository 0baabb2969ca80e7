//! Plays an OpenID Connect issuer, as far as a verifier sees one: a discovery document, keys, and a token for whoever asks.

use std::error::Error;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use portcullis::jwt::{Algorithm, Grant, IssuedToken, SigningKey};
use portcullis::{Issuer, KeyRing};
use serde_json::json;
use tokio::net::TcpListener;

/// Starts it on a port of the system's choice; its tokens are for this audience.
pub(crate) async fn start(audience: &str) -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let name = format!("http://{}", listener.local_addr()?);
    let ring = KeyRing::new(SigningKey::generate(Algorithm::Es256)?.with_kid("first"));
    let tokens = Issuer::new(ring.clone()).issuer(&name).audience(audience);
    let discovery = json!({ "issuer": name, "jwks_uri": format!("{name}/keys") });
    let router = Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(async || Json(discovery)),
        )
        .route("/keys", get(async move || ring.to_jwks()))
        .route("/token", get(async move || token(&tokens)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(name)
}

fn token(issuer: &Issuer) -> Result<String, StatusCode> {
    let claims = json!({ "name": "Ada", "realm_access": { "roles": ["user"] } });
    let token = issuer.issue_with(&Grant::access("ada"), &claims);
    token
        .map(IssuedToken::into_string)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
