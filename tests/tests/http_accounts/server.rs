//! Accounts on a store, served on a port of the system's choice.

use std::net::SocketAddr;

use axum::Router;
use portcullis::accounts::store::AccountStore;
use portcullis::accounts::{AccountsBuilder, CapturedMail, MemoryStore};
use portcullis::password::{Algorithm, HashPool, PasswordHasher};
use portcullis::{Accounts, SqlStore};
use portcullis_testkit::ManualClock;
use portcullis_testkit::postgres::Server;
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "Vq3xT7mK9pWc2ZrL5nHd8YbG4fJs6AeU";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Accounts, and what is needed to look behind them.
pub(crate) struct Node {
    pub(crate) accounts: Accounts,
    pub(crate) clock: ManualClock,
    pub(crate) mail: CapturedMail,
}

impl Node {
    pub(crate) fn in_memory() -> Self {
        let clock = ManualClock::new();
        let store = MemoryStore::new().with_clock(clock.shared());
        Self::on(store, clock, |builder| builder)
    }

    pub(crate) fn on(
        store: impl AccountStore,
        clock: ManualClock,
        more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
    ) -> Self {
        let mail = CapturedMail::new().with_clock(clock.shared());
        let builder = Accounts::builder(store, mail.clone(), "https://app.example")
            .jwt_secret(SECRET)
            .hash_pool(cheap_pool())
            .clock(clock.shared())
            .without_background();
        Self {
            accounts: more(builder).build().unwrap(),
            clock,
            mail,
        }
    }

    /// On a database.
    pub(crate) async fn at(url: &str) -> Self {
        let clock = ManualClock::new();
        let long = std::time::Duration::from_secs(60);
        let store = SqlStore::builder(url).clock(clock.shared());
        let store = store.acquire_timeout(long).busy_timeout(long);
        let store = store.statement_timeout(long);
        Self::on(store.connect().await.unwrap(), clock, |builder| builder)
    }

    /// On an SQLite file, which goes with the directory.
    pub(crate) async fn on_sqlite() -> (Self, Directory) {
        let directory = Directory::new();
        let url = format!("sqlite://{}", directory.0.join("app.db").display());
        (Self::at(&url).await, directory)
    }

    /// On PostgreSQL, for as long as the server is kept.
    pub(crate) async fn on_postgres() -> Option<(Self, std::sync::Arc<Server>)> {
        let server = Server::shared()?;
        Some((Self::at(&server.database()).await, server))
    }

    /// The token of the link in the newest mail to an address.
    pub(crate) async fn link_to(&self, address: &str) -> String {
        self.accounts.deliver_mail().await.unwrap();
        let text = self.mail.last_to(address).expect("mail").text;
        let (_, rest) = text.split_once("#token=").expect("a link");
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// As in the manual: the service under `/api`, and a layer for all.
    pub(crate) async fn serve(&self) -> SocketAddr {
        let service = self.accounts.service().mounted_at("/api");
        let app = Router::new()
            .nest_service("/api", service)
            .layer(self.accounts.authn());
        serve(app).await
    }
}

/// Serves an application for as long as the test runs.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// A directory that goes with its test.
pub(crate) struct Directory(std::path::PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("portcullis-http-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn cheap_pool() -> HashPool {
    let algorithm = Algorithm::Argon2id {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    let hasher = PasswordHasher::builder().with_insecure_algorithm(algorithm);
    HashPool::new(hasher.build().unwrap()).unwrap()
}
