//! Accounts in an axum application: they register, log in, refresh, keep API keys and reset passwords under `/api`, and the
//! application's own routes stand behind guards.
//!
//! `cargo run -p axum-accounts` serves on 127.0.0.1:3002, or on the port that is given as argument, keeps its accounts in
//! `accounts.db` in the working directory, and prints lines to paste. The secret is made anew at each start, so logins end with the
//! process; an application keeps its own, as the quickstart does.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use portcullis::accounts::{
    AuditEvent, CapturedMail, ConsoleMailer, EventSink, NewUser, SentMail, text,
};
use portcullis::{
    Accounts, AuthUser, Collection, Register, SessionCookie, SqlStore, permission, require,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "3002".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let address = listener.local_addr()?;

    let mail = CapturedMail::new();
    let accounts = accounts(&format!("http://{address}"), mail.clone()).await?;
    first_accounts(&accounts).await?;
    welcome(address);

    let app = app(&accounts, mail).into_make_service_with_connect_info::<SocketAddr>();
    let end = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    axum::serve(listener, app)
        .with_graceful_shutdown(end)
        .await?;
    Ok(())
}

/// All that there is to say about accounts. Mail is printed, and kept to be read at `/dev/mail`; `SmtpMailer` would send it.
async fn accounts(base_url: &str, mail: CapturedMail) -> Result<Accounts, Box<dyn Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let store = SqlStore::connect("sqlite://accounts.db").await?;
    let accounts = Accounts::builder(store, ConsoleMailer::new().capture(mail), base_url)
        .collection(
            "users",
            Collection::new()
                .profile(text("name").max(100))
                .profile(text("plan").default("free").read_only()),
        )
        .jwt_secret(secret)
        .jwt_expiry("15m")
        .cookie(SessionCookie::new().with_insecure_cookies()) // plain http on this machine
        .event_sink(Shipped)
        .build()?;
    Ok(accounts)
}

/// The accounts under `/api`, and beside them what the application is about. One layer knows who is calling, for both.
fn app(accounts: &Accounts, mail: CapturedMail) -> Router {
    let methods = get(read).layer(require(permission("read")));
    let methods = methods.merge(post(write).layer(require(permission("write"))));
    let methods = methods.merge(delete(clear).layer(require(permission("admin"))));
    Router::new()
        .nest_service("/api", accounts.service().mounted_at("/api"))
        .route("/posts", methods.with_state(Posts::default()))
        .route("/whoami", get(whoami))
        .route("/dev/mail", get(inbox).with_state(mail))
        .layer(accounts.authn())
}

#[derive(Debug, Clone, Default)]
struct Posts(Arc<Mutex<Vec<Post>>>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Post {
    title: String,
    #[serde(default)]
    author: String,
}

impl Posts {
    fn with<T>(&self, change: impl FnOnce(&mut Vec<Post>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn read(State(posts): State<Posts>) -> Json<Vec<Post>> {
    Json(posts.with(|posts| posts.clone()))
}

async fn write(
    State(posts): State<Posts>,
    user: AuthUser,
    Json(post): Json<Post>,
) -> (StatusCode, Json<Post>) {
    let author = user.email().unwrap_or(user.id()).to_owned();
    let post = Post { author, ..post };
    posts.with(|posts| posts.push(post.clone()));
    (StatusCode::CREATED, Json(post))
}

async fn clear(State(posts): State<Posts>) -> StatusCode {
    posts.with(Vec::clear);
    StatusCode::NO_CONTENT
}

async fn inbox(State(mail): State<CapturedMail>) -> Json<Vec<SentMail>> {
    Json(mail.all())
}

async fn whoami(user: Option<AuthUser>) -> String {
    match user {
        Some(user) => format!(
            "{}, by {}",
            user.email().unwrap_or(user.id()),
            user.scheme()
        ),
        None => "nobody".to_owned(),
    }
}

/// Without HTTP: the same checks, limits and audit trail. What is there already is no mistake: this is no first start.
async fn first_accounts(accounts: &Accounts) -> Result<(), Box<dyn Error>> {
    let users = accounts.users();
    let ada = Register::new("ada@example.com", "correct horse battery").field("name", "Ada");
    let registered = users.register(ada).await.map(drop);
    let root = NewUser::new("root@example.com").password("battery staple horse");
    let root = root.roles(["admin"]).verified();
    let created = users.as_application().create_user(root).await.map(drop);
    for outcome in [registered, created] {
        match outcome {
            Err(denial) if denial.code() != "email_taken" => return Err(denial.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Where an application would send its audit trail besides its own database.
#[derive(Debug)]
struct Shipped;

impl EventSink for Shipped {
    fn take(&self, event: &AuditEvent) {
        eprintln!(
            "audit: {} ({})",
            event.kind.as_str(),
            event.outcome.as_str()
        );
    }
}

fn welcome(address: SocketAddr) {
    print!(
        "{}",
        include_str!("welcome.txt").replace("BASE", &format!("http://{address}"))
    );
}
