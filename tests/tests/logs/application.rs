//! A whole application: every layer, every scheme, and a login.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::handler::Handler;
use axum::http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use axum::http::request::Builder;
use axum::http::{HeaderName, Request, Response};
use axum::routing::{MethodRouter, get, post};
use portcullis::limit::by_header;
use portcullis::password::{HashPool, Password, PasswordHash, PasswordHasher, Verification};
use portcullis::session::tower_sessions::Session;
use portcullis::{
    ApiKeys, AuthUser, AuthnLayer, Bearer, Claims, ClientAddress, Denial, Lockout, LockoutLayer,
    Login, MemoryKeys, MemoryLimiter, MemoryLockouts, MemorySessions, PeerAddress, Quota,
    RateLimitLayer, SessionLayer, Sessions, TrustedProxies, Verifier, client_address, permission,
    require, role,
};
use serde_json::{Map, Value};
use tower::ServiceExt;

use crate::stores::Switch;

/// What a login asks for, wherever it is.
pub(crate) const PASSWORD: &str = "correct-horse-8d1f-battery-staple";

pub(crate) const ACCOUNT: HeaderName = HeaderName::from_static("x-account");
pub(crate) const TENANT: HeaderName = HeaderName::from_static("x-tenant");

/// An application, and what its owner holds of it.
pub(crate) struct Application {
    router: Router,
    pub(crate) keys: MemoryKeys,
    pub(crate) stores: Switch,
    pub(crate) limits: Switch,
    pub(crate) lockouts: Switch,
    pub(crate) password_hash: PasswordHash,
}

impl Application {
    pub(crate) async fn new(verifier: Verifier) -> Self {
        let keys = MemoryKeys::new();
        let [stores, limits, lockouts] = [(); 3].map(|()| Switch::default());
        let pool = HashPool::new(PasswordHasher::default()).unwrap();
        let hash = pool.hash(Password::new(PASSWORD).unwrap()).await.unwrap();
        let sessions = Sessions::new();
        let authn = AuthnLayer::new()
            .scheme(
                Bearer::new(verifier)
                    .with_cookie("token")
                    .with_websocket_protocol("bearer")
                    .with_insecure_query("access_token"),
            )
            .scheme(ApiKeys::new(stores.around(keys.clone())))
            .scheme(sessions.clone());
        let client = || client_address("10.0.0.0/8".parse::<TrustedProxies>().unwrap());
        let limiter = limits.around(MemoryLimiter::new());
        let per_tenant = RateLimitLayer::new(limiter.clone(), Quota::per_hour(1).named("tenant"))
            .by(by_header(TENANT));
        let limit = RateLimitLayer::new(limiter, Quota::per_second(100_000).named("all"));
        let router = Router::new()
            .route("/", get(whoami))
            .route("/read", get(whoami.layer(require(permission("read")))))
            .route("/admin", get(whoami.layer(require(role("admin")))))
            .route("/claims", get(claims))
            .route("/tenant", get(whoami.layer(per_tenant)))
            .route("/login", login(&lockouts, client(), &sessions, pool, &hash))
            .route("/logout", logout(sessions))
            .layer(authn)
            .layer(SessionLayer::new(stores.around(MemorySessions::new())))
            .layer(limit.by(client()));
        Self {
            router,
            keys,
            stores,
            limits,
            lockouts,
            password_hash: hash,
        }
    }

    /// Sends a request, always from the same machine.
    pub(crate) async fn send(&self, request: Builder, body: &str) -> Response<Body> {
        let peer = PeerAddress(([10, 1, 2, 3], 4567).into());
        let request = request.extension(peer).body(Body::from(body.to_owned()));
        self.router.clone().oneshot(request.unwrap()).await.unwrap()
    }
}

async fn whoami(user: Option<AuthUser>) -> String {
    user.map(|user| user.id().to_owned()).unwrap_or_default()
}

/// No token has claims of this form: all their values are texts, or it is an error that shows one.
async fn claims(Claims(claims): Claims<std::collections::BTreeMap<String, u8>>) -> String {
    format!("{}", claims.len())
}

fn login(
    lockouts: &Switch,
    client: ClientAddress,
    sessions: &Sessions,
    pool: HashPool,
    hash: &PasswordHash,
) -> MethodRouter {
    let wrong = || Denial::invalid_credential("invalid_credentials");
    let lockout = Lockout::new(lockouts.around(MemoryLockouts::new()), "password");
    let guard = LockoutLayer::new(lockout, client)
        .account(|request| Some(request.headers.get(ACCOUNT)?.to_str().ok()?.to_owned()))
        .denial(wrong());
    let (sessions, hash) = (sessions.clone(), hash.as_str().to_owned());
    let handler = async move |session: Session, request: Request<Body>| {
        let account = request.headers().get(ACCOUNT).cloned();
        let account = String::from_utf8_lossy(account.as_ref().unwrap().as_bytes()).into_owned();
        let body = to_bytes(request.into_body(), 1024).await;
        let body = String::from_utf8_lossy(&body.unwrap()).into_owned();
        let password = Password::new(body).map_err(|_| wrong())?;
        match pool.verify(password, hash).await {
            Ok(Verification::Match { .. }) => {
                let login = Login::new(format!("{account}\r\nforged=session"))
                    .roles(["user"])
                    .user_agent("agent\u{1b}[2J");
                sessions.login(&session, login).await?;
                Ok(())
            }
            Ok(Verification::Mismatch) => Err(wrong()),
            _ => Err(Denial::unavailable()),
        }
    };
    post(handler.layer(guard))
}

fn logout(sessions: Sessions) -> MethodRouter {
    post(async move |session: Session| {
        sessions.logout(&session).await?;
        Ok::<_, Denial>(())
    })
}

pub(crate) fn request(method: &str, path: &str) -> Builder {
    Request::builder().method(method).uri(path)
}

/// `GET`, with this in `Authorization`.
pub(crate) fn bearing(path: &str, scheme: &str, credential: &str) -> Builder {
    request("GET", path).header(AUTHORIZATION, format!("{scheme} {credential}"))
}

pub(crate) fn with_cookie(path: &str, cookie: &str) -> Builder {
    request("GET", path).header(COOKIE, cookie)
}

/// The cookie that a response sets, as the next request sends it.
pub(crate) fn cookie_of(response: &Response<Body>) -> String {
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// Claims of a kind that an application may find private.
pub(crate) fn private_claims(secret: &str) -> Value {
    let mut claims = Map::new();
    claims.insert("roles".to_owned(), serde_json::json!(["user"]));
    claims.insert("diagnosis".to_owned(), secret.into());
    claims.into()
}
