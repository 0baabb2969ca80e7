//! The application: what an axum application behind Portcullis looks like.

use axum::extract::{DefaultBodyLimit, FromRef};
use axum::handler::Handler;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use portcullis::{
    ApiKeys, AuthUser, AuthnLayer, Bearer, ClientAddress, Lockout, MemoryLimiter, MemoryLockouts,
    MemorySessions, Quota, RateLimitLayer, SessionCookie, SessionLayer, client_address, permission,
    require,
};
use serde_json::{Value, json};

use crate::demo::{Credentials, Demo};
use crate::posts::Posts;
use crate::settings::{Settings, Stop};
use crate::tokens::Tokens;
use crate::{edge, login, posts};

#[derive(Clone, FromRef)]
struct AppState {
    posts: Posts,
    demo: Demo,
}

/// The application, and what its demo users log in with.
pub(crate) async fn build(settings: &Settings) -> Result<(Router, Credentials), Stop> {
    let tokens = Tokens::new(settings).await?;
    let jwks = tokens.jwks();
    let lockout = settings
        .limits
        .then(|| Lockout::new(MemoryLockouts::new(), "password"));
    let (demo, credentials) = Demo::new(tokens.issuer.as_ref(), lockout).await?;

    let authn = AuthnLayer::new()
        .scheme(Bearer::new(tokens.verifier))
        .scheme(ApiKeys::new(demo.keys.clone()))
        .scheme(demo.sessions.clone());
    // Plain http on loopback only: not every client keeps a cookie marked `Secure` there.
    let sessions = SessionLayer::new(MemorySessions::new())
        .with_cookie(&SessionCookie::new().with_insecure_cookies());
    let client = client_address(settings.trusted_proxies.clone());

    let read = require(permission("read"));
    let write = require(permission("write"));
    let admin = require(permission("admin"));
    let app = Router::new()
        .route(
            "/api/posts",
            get(posts::list.layer(read)).post(posts::create.layer(write)),
        )
        .route("/api/posts/{id}", delete(posts::delete.layer(admin)))
        .route("/api/whoami", get(whoami))
        .route("/api/users/login", post(login::login))
        .route("/api/users/logout", post(login::logout))
        .with_state(AppState {
            posts: Posts::with_a_first_one(),
            demo,
        })
        .layer(from_fn(edge::refuse_cross_site))
        .layer(authn)
        .layer(sessions);
    let app = limited(app, &client, settings.limits)
        .route("/api/health", get(async || Json(json!({ "status": "ok" }))))
        .route(
            "/api/.well-known/jwks.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], jwks)),
        )
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(64 * 1024));
    Ok((edge::around(app, client), credentials))
}

/// A hundred requests a minute for each client, thirty at once.
fn limited(app: Router, client: &ClientAddress, limits: bool) -> Router {
    if !limits {
        tracing::warn!("PORTCULLIS_LIMITS=off: neither limits nor locks; for load tests only");
        return app;
    }
    let quota = Quota::per_minute(100).burst(30).named("demo");
    app.layer(
        RateLimitLayer::new(MemoryLimiter::new(), quota)
            .by(client.clone())
            .headers_on_every_response(),
    )
}

/// `GET /api/whoami`: who is calling, or `null` for nobody.
async fn whoami(user: Option<AuthUser>) -> Json<Value> {
    let scheme = user.as_ref().map(|user| user.scheme().clone());
    Json(json!({ "user": user, "authType": scheme }))
}
