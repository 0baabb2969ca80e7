//! The application: what an axum application behind Portcullis looks like.

use std::fmt::Write;
use std::net::SocketAddr;

use axum::extract::{FromRef, Request};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use portcullis::{
    ApiKeys, AuthUser, AuthnLayer, Bearer, ClientAddress, Lockout, MemoryLimiter, MemoryLockouts,
    MemorySessions, Quota, RateLimitLayer, SessionCookie, SessionLayer, client_address, permission,
    require,
};
use serde_json::{Value, json};

use crate::demo::{self, Credentials, Demo, USER};
use crate::posts::{self, Posts};
use crate::settings::{Settings, Stop};
use crate::tokens::Tokens;

#[derive(Clone, FromRef)]
struct AppState {
    posts: Posts,
    demo: Demo,
}

/// The application, and the text that is printed at start.
pub(crate) async fn build(
    settings: &Settings,
    address: SocketAddr,
) -> Result<(Router, String), Stop> {
    let tokens = Tokens::new(settings)?;
    let jwks = tokens.jwks();
    let lockout = settings
        .limits
        .then(|| Lockout::new(MemoryLockouts::new(), "password"));
    let (demo, credentials) = Demo::new(tokens.issuer.as_ref(), lockout).await?;

    let authn = AuthnLayer::new()
        .scheme(Bearer::new(tokens.verifier))
        .scheme(ApiKeys::new(demo.keys.clone()))
        .scheme(demo.sessions.clone());
    // Plain http on loopback only: browsers would drop a cookie marked `Secure`.
    let sessions = SessionLayer::new(MemorySessions::new())
        .with_cookie(&SessionCookie::new().with_insecure_cookies());
    let client = client_address(settings.trusted_proxies.clone());

    let app = Router::new()
        .route(
            "/api/posts",
            get(posts::list).layer(require(permission("read"))),
        )
        .route(
            "/api/posts",
            post(posts::create).layer(require(permission("write"))),
        )
        .route(
            "/api/posts/{id}",
            delete(posts::delete).layer(require(permission("admin"))),
        )
        .route("/api/whoami", get(whoami))
        .route("/api/users/login", post(demo::login))
        .route("/api/users/logout", post(demo::logout))
        .with_state(AppState {
            posts: Posts::default(),
            demo,
        })
        .layer(authn)
        .layer(sessions);
    let app = limited(app, &client, settings.limits)
        .route("/api/health", get(async || Json(json!({ "status": "ok" }))))
        .route(
            "/api/.well-known/jwks.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], jwks)),
        )
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            note_client(client.clone(), request, next)
        }));
    Ok((app, welcome(settings, address, &credentials)))
}

/// A hundred requests a minute for each client, thirty at once.
fn limited(app: Router, client: &ClientAddress, limits: bool) -> Router {
    if !limits {
        eprintln!(
            "quickstart: PORTCULLIS_LIMITS=off: neither limits nor locks; for load tests only"
        );
        return app;
    }
    let quota = Quota::per_minute(100).burst(30).named("demo");
    app.layer(
        RateLimitLayer::new(MemoryLimiter::new(), quota)
            .by(client.clone())
            .headers_on_every_response(),
    )
}

/// Leaves the client's address where the login finds it.
async fn note_client(client: ClientAddress, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let from = client.resolve(&parts);
    parts.extensions.insert(from);
    next.run(Request::from_parts(parts, body))
        .await
        .into_response()
}

async fn whoami(user: Option<AuthUser>) -> Json<Value> {
    let scheme = user.as_ref().map(|user| user.scheme().clone());
    Json(json!({ "user": user, "authType": scheme }))
}

fn welcome(settings: &Settings, address: SocketAddr, credentials: &Credentials) -> String {
    let base = format!("http://{address}/api");
    let mut text = format!("Portcullis quickstart on http://{address}\n\n");
    let mut line = |comment: &str, command: String| {
        let _ = writeln!(text, "# {comment}\n{command}\n");
    };
    let status = "curl -s -w ' -> %{http_code}\\n'";
    line(
        "nobody: 200, and nobody is calling",
        format!("{status} {base}/whoami"),
    );
    line(
        "nobody, where somebody is needed: 401",
        format!("{status} {base}/posts"),
    );
    if let (Some(user), Some(admin)) = (&credentials.user_token, &credentials.admin_token) {
        line(
            "a JWT of a user: 200",
            format!("{status} -H 'Authorization: Bearer {user}' {base}/posts"),
        );
        line(
            "the same user writes: 201",
            format!("{status} -H 'Authorization: Bearer {user}' {NEW_POST} {base}/posts"),
        );
        line(
            "the same user deletes: 403",
            format!("{status} -X DELETE -H 'Authorization: Bearer {user}' {base}/posts/1"),
        );
        line(
            "an admin deletes: 204",
            format!("{status} -X DELETE -H 'Authorization: Bearer {admin}' {base}/posts/1"),
        );
    }
    let (read, write) = (&credentials.read_key, &credentials.write_key);
    line(
        "an API key with scope read: 200",
        format!("{status} -H 'Authorization: ApiKey {read}' {base}/posts"),
    );
    line(
        "the same key writes: 403, insufficient_scope",
        format!("{status} -H 'X-Api-Key: {read}' {NEW_POST} {base}/posts"),
    );
    line(
        "a key with scopes read and write: 201",
        format!("{status} -H 'X-Api-Key: {write}' {NEW_POST} {base}/posts"),
    );
    let password = &credentials.password;
    line(
        "a session: log in (or as admin@example.com, with the same password), be known by the cookie, log out",
        format!(
            "{status} -c /tmp/jar {JSON} -d '{{\"email\":\"{USER}\",\"password\":\"{password}\"}}' {base}/users/login\n\
             {status} -b /tmp/jar {base}/whoami\n\
             {status} -b /tmp/jar -c /tmp/jar -X POST {base}/users/logout"
        ),
    );
    if settings.limits {
        line(
            "too many at once: 429",
            format!(
                "for i in $(seq 40); do curl -s -o /dev/null -w '%{{http_code}} ' {base}/whoami; done; echo"
            ),
        );
    }
    text
}

const JSON: &str = "-H 'Content-Type: application/json'";
const NEW_POST: &str =
    "-H 'Content-Type: application/json' -d '{\"title\":\"Hello\",\"body\":\"World\"}'";
