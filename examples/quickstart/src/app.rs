//! The application: what an axum application with accounts looks like.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Json, Router};
use portcullis::accounts::CapturedMail;
use portcullis::limit::Limiter;
use portcullis::{
    Accounts, AuthUser, MemoryLimiter, Quota, RateLimitLayer, client_address, permission, require,
};
use serde_json::{Value, json};

use crate::posts::Posts;
use crate::redis::Shared;
use crate::settings::Settings;
use crate::{edge, pages, posts};

/// All that is served.
pub(crate) fn build(
    settings: &Settings,
    accounts: &Accounts,
    shared: Option<&Shared>,
    mails: Option<CapturedMail>,
) -> Router {
    let service = accounts.service().mounted_at("/api");
    let app = limited(demo().layer(accounts.authn()), settings, shared)
        .nest_service("/api", service)
        .merge(pages::routes(&settings.collections))
        .merge(mail_to_read(accounts, mails))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(64 * 1024));
    edge::around(app)
}

/// What an application has of its own, and who may use it.
fn demo() -> Router {
    let read = require(permission("read"));
    let write = require(permission("write"));
    let admin = require(permission("admin"));
    Router::new()
        .route(
            "/api/posts",
            get(posts::list.layer(read)).post(posts::create.layer(write)),
        )
        .route("/api/posts/{id}", delete(posts::delete.layer(admin)))
        .route("/api/whoami", get(whoami))
        .with_state(Posts::with_a_first_one())
}

/// `GET /api/whoami`: who is calling, or `null` for nobody.
async fn whoami(user: Option<AuthUser>) -> Json<Value> {
    let scheme = user.as_ref().map(|user| user.scheme().clone());
    Json(json!({ "user": user, "authType": scheme }))
}

/// Six hundred requests a minute for each client, a hundred at once. The accounts have limits of their own for each endpoint. Where it
/// cannot be counted, requests pass: this limit protects no credential.
fn limited(app: Router, settings: &Settings, shared: Option<&Shared>) -> Router {
    if !settings.limits {
        return app;
    }
    let quota = Quota::per_minute(600).burst(100).named("demo");
    let limiter: Arc<dyn Limiter> = match shared {
        Some(shared) => Arc::new(shared.limiter()),
        None => Arc::new(MemoryLimiter::new()),
    };
    app.layer(
        RateLimitLayer::new(limiter, quota)
            .by(client_address(settings.trusted_proxies.clone()))
            .fail_open()
            .headers_on_every_response(),
    )
}

/// `GET /dev/mail`: what would have been sent, the newest last; what waits is sent first. Where mail is sent for real, there is no
/// such path.
fn mail_to_read(accounts: &Accounts, mails: Option<CapturedMail>) -> Router {
    let Some(mails) = mails else {
        return Router::new();
    };
    let accounts = accounts.clone();
    let read = async move || {
        if let Err(error) = accounts.deliver_mail().await {
            tracing::warn!("the mail that waits was not read: {error}");
        }
        Json(mails.all())
    };
    Router::new().route("/dev/mail", get(read))
}
