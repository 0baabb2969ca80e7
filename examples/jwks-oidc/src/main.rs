//! Verifies the tokens of an OpenID Connect issuer, whose keys are found by discovery and followed when they rotate.
//!
//! `ISSUER=https://login.example.com/realms/x AUDIENCE=my-api cargo run -p jwks-oidc` serves on 127.0.0.1:3003, or on the port that is
//! given as argument, and prints lines to paste: they show 401, 200 and 403. Without `ISSUER`, a small issuer of its own plays the part, so
//! that it runs without a network.

mod issuer;

use std::env;
use std::error::Error;

use axum::routing::get;
use axum::{Json, Router};
use portcullis::jwt::RemoteKeys;
use portcullis::{AuthUser, AuthnLayer, Bearer, Claims, Verifier, require, role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The claims that this application wants besides the registered ones.
#[derive(Deserialize, Serialize)]
struct Profile {
    iss: String,
    name: Option<String>,
}

async fn app(issuer: &str, audience: &str) -> Result<Router, Box<dyn Error>> {
    let keys = RemoteKeys::oidc(issuer)
        .with_insecure_http_for_loopback()
        .build()?;
    // Better to fail here than at the first request.
    keys.ready().await?;
    let verifier = Verifier::builder(keys)
        .issuer(issuer)
        .audience(audience)
        .roles_claim("realm_access.roles")
        .build();
    Ok(Router::new()
        .route("/me", get(me))
        .route(
            "/admin",
            get(async || "the control room").layer(require(role("admin"))),
        )
        .layer(AuthnLayer::new().scheme(Bearer::new(verifier)).required()))
}

async fn me(user: AuthUser, Claims(profile): Claims<Profile>) -> Json<Value> {
    Json(json!({ "user": user, "profile": profile }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).unwrap_or_else(|| "3003".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let audience = env::var("AUDIENCE").unwrap_or_else(|_| "notes".into());
    let (issuer, token) = match env::var("ISSUER") {
        Ok(issuer) => (issuer, "$TOKEN".to_owned()),
        Err(_) => {
            let issuer = issuer::start(&audience).await?;
            let token = format!("$(curl -s {issuer}/token)");
            (issuer, token)
        }
    };
    let app = app(&issuer, &audience).await?;
    welcome(&listener.local_addr()?.to_string(), &issuer, &token);
    Ok(axum::serve(listener, app).await?)
}

fn welcome(address: &str, issuer: &str, token: &str) {
    let curl = r"curl -s -w ' -> %{http_code}\n'";
    println!("jwks-oidc on http://{address}, trusting {issuer}; lines to paste:");
    println!("\n# nobody: 401\n{curl} http://{address}/me");
    println!(
        "\n# a token of the issuer's: 200\n{curl} -H \"Authorization: Bearer {token}\" http://{address}/me"
    );
    println!(
        "\n# its holder is no admin: 403\n{curl} -H \"Authorization: Bearer {token}\" http://{address}/admin"
    );
    println!(
        "\n# one that somebody has changed: 401\n{curl} -H \"Authorization: Bearer {token}x\" http://{address}/me"
    );
    println!("\nCtrl-C ends the server.");
}
