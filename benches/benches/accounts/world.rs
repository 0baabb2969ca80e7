//! Accounts over a store, and a client of theirs.

use std::path::PathBuf;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis_accounts::{Accounts, AccountsService, CapturedMail};
use portcullis_sql::SqlStore;
use portcullis_testkit::postgres::Server;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// One store with accounts over it.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
    size: Size,
}

/// Somebody who calls the service.
#[derive(Clone)]
pub(crate) struct Client {
    service: AccountsService,
}

/// Where the size of a database is read.
enum Size {
    File {
        _folder: tempfile::TempDir,
        path: PathBuf,
    },
    Server {
        server: std::sync::Arc<Server>,
        url: String,
    },
}

impl World {
    /// Each store that there is on this machine.
    pub(crate) async fn all() -> Vec<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("accounts.db");
        let url = format!("sqlite://{}", path.display());
        let mut worlds = vec![
            Self::new(
                "SQLite",
                &url,
                Size::File {
                    _folder: folder,
                    path,
                },
            )
            .await,
        ];
        if let Some(server) = Server::shared() {
            let url = server.database();
            let size = Size::Server {
                server,
                url: url.clone(),
            };
            worlds.push(Self::new("PostgreSQL", &url, size).await);
        }
        worlds
    }

    async fn new(name: &'static str, url: &str, size: Size) -> Self {
        let store = SqlStore::connect(url).await.expect("a store");
        let accounts = Accounts::builder(store, CapturedMail::new(), "https://app.example")
            .jwt_secret("a secret of thirty-two bytes, or more")
            .with_insecure_no_limits()
            .build()
            .expect("accounts");
        Self {
            name,
            client: Client {
                service: accounts.service(),
            },
            size,
        }
    }

    /// How many bytes the database takes, with what was written lately in its place.
    pub(crate) fn settled_bytes(&self) -> u64 {
        match &self.size {
            Size::File { path, .. } => settle(path).unwrap_or(0),
            Size::Server { server, url } => {
                let size = server.query(url, "SELECT pg_database_size(current_database())");
                size.trim().parse().unwrap_or(0)
            }
        }
    }
}

impl Client {
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let response = self.service.clone().oneshot(request).await;
        let (head, body) = response.expect("infallible").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Response::from_parts(head, body)
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response<Bytes> {
        self.send(request(Method::POST, path, None, Some(body)))
            .await
    }

    /// Opens an account and gives what it was answered with.
    pub(crate) async fn register(&self, email: &str) -> Value {
        let body = json!({ "email": email, "password": PASSWORD });
        let response = self.post("/users/register", &body).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        serde_json::from_slice(response.body()).expect("JSON")
    }
}

pub(crate) fn request(
    method: Method,
    path: &str,
    credential: Option<(&str, &str)>,
    body: Option<&Value>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some((name, value)) = credential {
        request = request.header(name, value);
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    request.body(Full::from(body)).expect("a request")
}

/// Has SQLite move what stands in its log into the file itself, as it does by and by.
fn settle(path: &std::path::Path) -> Option<u64> {
    let sqlite = std::process::Command::new("sqlite3")
        .arg(path)
        .arg("PRAGMA wal_checkpoint(TRUNCATE);")
        .output()
        .ok();
    sqlite
        .and_then(|_| std::fs::metadata(path).ok())
        .map(|file| file.len())
}
