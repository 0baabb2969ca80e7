//! Accounts over a table of users that was there before: the application keeps its `people` in its own database, `staff.db`, and
//! everything else (logins, links, API keys, the audit trail, mail, locks) is in `accounts.db` beside it.
//!
//! [`WithUsers`] puts the two together; the documentation of it says what two databases can promise and what not. [`people`] is all
//! that such an application has to write.
//!
//! `cargo run -p custom-store` serves on 127.0.0.1:3004, or on the port that is given as argument, and prints lines to paste.

mod people;

use std::error::Error;
use std::net::SocketAddr;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use portcullis::accounts::ConsoleMailer;
use portcullis::accounts::store::WithUsers;
use portcullis::{Accounts, Denial, SessionCookie, SqlStore, permission, require};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::people::People;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "3004".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let base = format!("http://{}", listener.local_addr()?);

    people::set_up("staff.db").await?;
    let people = People::open("staff.db").await?;
    let store = WithUsers::new(
        people.clone(),
        SqlStore::connect("sqlite://accounts.db").await?,
    );

    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let accounts = Accounts::builder(store, ConsoleMailer::new(), base.as_str())
        .jwt_secret(secret)
        .cookie(SessionCookie::new().with_insecure_cookies()) // plain http on this machine
        .build()?;
    print!("{}", include_str!("welcome.txt").replace("BASE", &base));

    let staff = get(staff)
        .layer(require(permission("read")))
        .with_state(people);
    let app = Router::new()
        .nest_service("/api", accounts.service().mounted_at("/api"))
        .route("/staff", staff)
        .layer(accounts.authn());
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}

/// What the application has always done with its table.
async fn staff(State(people): State<People>) -> Result<Json<Value>, Denial> {
    let people = people.list().await?.into_iter();
    let shown = people.map(|(id, email, hash)| json!({ "id": id, "email": email, "hash": hash }));
    Ok(Json(shown.collect()))
}
