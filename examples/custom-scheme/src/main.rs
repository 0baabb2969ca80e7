//! A scheme of one's own is one `async fn`: here HTTP Basic (RFC 7617), with passwords hashed by argon2id.
//!
//! `cargo run -p custom-scheme` serves on 127.0.0.1:3002, or on the port that is given as argument, and prints lines to paste: they
//! show 401, 200, 403 and 429. Basic hashes a password for each request; where that is too much, log in once and use a session.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use portcullis::password::{HashPool, Password, PasswordHash, PasswordHasher, Verification};
use portcullis::{
    AuthUser, AuthnLayer, CredentialPlace, Denial, MemoryLimiter, Quota, RateLimitLayer,
    SchemeName, TrustedProxies, authorization, client_address, from_async_fn, require, role,
};
use tokio::net::TcpListener;

/// The users, each with a hash and a role.
struct Users {
    pool: HashPool,
    known: HashMap<&'static str, (PasswordHash, &'static str)>,
}

/// The scheme. `Ok(None)`: nothing here for it. An error: the credential is there, and wrong (401) or cannot be judged (503).
async fn basic(request: Parts, users: Arc<Users>) -> Result<Option<AuthUser>, Denial> {
    let Some(credentials) = authorization(&request.headers, "Basic")? else {
        return Ok(None);
    };
    let (name, password) = decode(credentials).ok_or_else(wrong)?;
    let password = Password::new(password).map_err(|_| wrong())?;
    let found = users.known.get(name.as_str());
    // A name that nobody has costs as much time as a wrong password.
    let verified = match found {
        Some((hash, _)) => users.pool.verify(password, hash.as_str()).await,
        None => {
            let work = users.pool.verify_dummy(password).await;
            work.map(|()| Verification::Mismatch)
        }
    };
    match (verified, found) {
        (Ok(Verification::Match { .. }), Some((_, role))) => {
            let user = AuthUser::builder(SchemeName::new("basic"), name).roles([*role]);
            Ok(Some(user.build()))
        }
        (Ok(_), _) => Err(wrong()),
        (Err(_), _) => Err(Denial::unavailable()),
    }
}

/// RFC 7617 §2: base64 of `name:password`; the password may hold colons, the name may not.
fn decode(credentials: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn wrong() -> Denial {
    Denial::invalid_credential("invalid_credentials").with_detail("the name or password is wrong")
}

fn app(users: Users) -> Router {
    let users = Arc::new(users);
    let scheme = from_async_fn("basic", move |request| basic(request, users.clone()))
        .with_challenge(r#"Basic realm="office", charset="UTF-8""#)
        .with_place(CredentialPlace::Authorization("Basic"));
    // Whoever guesses has ten guesses at once, then one a second.
    let guesses = RateLimitLayer::new(MemoryLimiter::new(), Quota::per_minute(60).burst(10))
        .by(client_address(TrustedProxies::none()))
        .unless(|request| !request.headers.contains_key("authorization"));
    Router::new()
        .route("/", get(hello))
        .route("/admin", get(hello).layer(require(role("admin"))))
        .layer(AuthnLayer::new().scheme(scheme).required())
        .layer(guesses)
}

async fn hello(user: AuthUser) -> String {
    format!("hello, {}, known by {}", user.id(), user.scheme())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "3002".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let address = listener.local_addr()?;
    let pool = HashPool::new(PasswordHasher::default())?;
    let mut known = HashMap::new();
    for (name, password, role) in [
        ("ada", "the analytical engine", "user"),
        ("grace", "nanoseconds of wire", "admin"),
    ] {
        known.insert(name, (pool.hash(Password::new(password)?).await?, role));
    }
    welcome(address);
    let service = app(Users { pool, known }).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

fn welcome(address: SocketAddr) {
    let curl = r"curl -s -w ' -> %{http_code}\n'";
    let url = format!("http://{address}");
    println!("custom-scheme on {url}; lines to paste:");
    println!("\n# nobody: 401\n{curl} {url}/");
    println!("\n# a user: 200\n{curl} -u 'ada:the analytical engine' {url}/");
    println!("\n# who is no admin: 403\n{curl} -u 'ada:the analytical engine' {url}/admin");
    println!("\n# an admin: 200\n{curl} -u 'grace:nanoseconds of wire' {url}/admin");
    println!("\n# a guess: 401\n{curl} -u 'ada:guess' {url}/");
    println!("\n# a name that nobody has: 401\n{curl} -u 'eve:guess' {url}/");
    let many = r"for i in $(seq 30); do curl -s -o /dev/null -w '%{http_code} '";
    println!("\n# guess after guess: 429\n{many} -u ada:$i {url}/; done; echo");
    println!("\nCtrl-C ends the server.");
}
