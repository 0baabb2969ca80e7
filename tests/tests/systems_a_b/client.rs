//! An application with accounts, and a client that speaks HTTP to it.

use axum::Router;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis::accounts::{
    Accounts, AccountsBuilder, CapturedMail, MemoryStore, Profile, boolean, select, text,
};
use portcullis::{AuthUser, Collection, Denial};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "Securepassword123!";

/// An application: the accounts under `/api`, and posts that only those may write whom system A's access function lets.
pub(crate) struct Application {
    pub accounts: Accounts,
    pub mail: CapturedMail,
    router: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub body: Value,
    pub text: String,
    pub cookies: Vec<String>,
}

impl Application {
    /// With the fields of system A's `users`, and a second collection beside it.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// The documented behaviour of both systems, where it differs from the strict one.
    pub(crate) fn compat() -> Self {
        Self::with(|builder| builder.profile(Profile::compat()))
    }

    pub(crate) fn with(more: impl FnOnce(AccountsBuilder) -> AccountsBuilder) -> Self {
        let mail = CapturedMail::new();
        let builder = Accounts::builder(MemoryStore::new(), mail.clone(), "https://app.example")
            .collection("users", users())
            .collection("customers", Collection::new())
            .jwt_secret("a secret of thirty-two bytes, or more")
            .jwt_expiry("7d")
            .without_background();
        let accounts = more(builder).build().unwrap();
        let router = Router::new()
            .nest_service("/api", accounts.service())
            .route("/posts", axum::routing::post(create_post))
            .layer(accounts.authn());
        Self {
            accounts,
            mail,
            router,
        }
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        read(response).await
    }

    /// One request with JSON both ways.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(request.body(Full::from(body)).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        let authorization = token.map(|token| format!("Bearer {token}"));
        self.call(Method::POST, path, authorization.as_deref(), Some(body))
            .await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        self.call(Method::GET, path, Some(&authorization), None)
            .await
    }

    /// Registers in a collection, and gives the answer's body.
    pub(crate) async fn register(&self, collection: &str, email: &str) -> Value {
        let body = json!({ "email": email, "password": PASSWORD, "name": "John Doe" });
        let path = format!("/api/{collection}/register");
        let answer = self.post(&path, None, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        // What is mailed later is then the only mail there is.
        self.accounts.deliver_mail().await.unwrap();
        self.mail.clear();
        answer.body
    }

    pub(crate) async fn login(&self, collection: &str, email: &str) -> Value {
        let body = json!({ "email": email, "password": PASSWORD });
        let path = format!("/api/{collection}/login");
        let answer = self.post(&path, None, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    }

    /// The token of the link that was mailed since the registration.
    pub(crate) async fn mailed_token(&self) -> String {
        self.accounts.deliver_mail().await.unwrap();
        let mails = self.mail.all();
        let [mail] = mails.as_slice() else {
            panic!("one mail was sent, not {}", mails.len());
        };
        let text = &mail.text;
        let (_, rest) = text.split_once("#token=").expect("it has a link");
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

pub(crate) fn token(body: &Value) -> String {
    body["token"].as_str().expect("a token").to_owned()
}

/// System A's `users`: e-mail and password are there in any case, as are `verified` and what belongs to links.
fn users() -> Collection {
    Collection::new()
        .profile(text("name"))
        .profile(select("plan", ["free", "pro"]).default("free").read_only())
        .profile(boolean("newsletter").default(false))
        .profile(text("internalNote").hidden())
        .default_role("user")
}

/// System A's access function, word for word: only keys with the scope `write`, or users who are logged in, may create posts.
async fn create_post(user: Option<AuthUser>) -> Result<StatusCode, Denial> {
    let Some(user) = user else {
        return Err(Denial::unauthenticated());
    };
    if let Some(scopes) = user.scopes() {
        return match scopes.contains("write") || scopes.contains("admin") {
            true => Ok(StatusCode::CREATED),
            false => Err(Denial::insufficient_scope("write")),
        };
    }
    Ok(StatusCode::CREATED)
}

async fn read(response: Response<axum::body::Body>) -> Answer {
    let (head, body) = response.into_parts();
    let cookies = head.headers.get_all("set-cookie").iter();
    let cookies = cookies
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer {
        status: head.status,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
        cookies,
    }
}
