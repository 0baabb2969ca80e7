//! A life of an account over HTTP, in which every secret is noted.

use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis::PeerAddress;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::noted::Noted;
use crate::support::World;

/// Somebody at a browser and a command line, who writes down every secret.
pub(crate) struct Journey<'a> {
    pub(crate) noted: Noted,
    pub(super) world: &'a World,
    router: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    headers: HeaderMap,
}

impl Answer {
    pub(super) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().expect(name)
    }
}

impl<'a> Journey<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let accounts = &world.nodes[0].accounts;
        Self {
            noted: Noted::default(),
            world,
            router: Router::new().nest_service("/api", accounts.service()),
        }
    }

    /// One request, with a credential in the header that it belongs to.
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        credential: Option<(&str, &str)>,
        body: Value,
    ) -> Answer {
        let peer = PeerAddress(([203, 0, 113, 7], 4711).into());
        let request = Request::builder().method(method);
        let mut request = request.uri(format!("/api/users{path}"));
        request = request.header("sec-fetch-site", "same-origin");
        if let Some((name, value)) = credential {
            request = request.header(name, value);
        }
        if !body.is_null() {
            request = request.header("content-type", "application/json");
        }
        let body = match body {
            Value::Null => Full::default(),
            body => Full::from(Bytes::from(body.to_string())),
        };
        let request = request.extension(peer).body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        };
        self.note_all(&answer);
        answer
    }

    pub(super) async fn post(
        &mut self,
        path: &str,
        credential: Option<(&str, &str)>,
        body: Value,
    ) -> Answer {
        self.send(Method::POST, path, credential, body).await
    }

    /// Whatever an answer gives that is secret.
    fn note_all(&mut self, answer: &Answer) {
        for (name, at) in [
            ("access token", "/token"),
            ("refresh token", "/refreshToken"),
            ("API key", "/apiKey/key"),
        ] {
            if let Some(secret) = answer.body.pointer(at).and_then(Value::as_str) {
                self.noted.note(name, secret);
            }
        }
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            let (_, value) = cookie.split_once('=').unwrap();
            if !value.is_empty() {
                self.noted.note("cookie", value);
            }
        }
    }

    pub(super) fn password(&mut self, password: &'static str) -> &'static str {
        self.noted.note("password", password);
        password
    }

    /// The token of the newest link of this kind.
    pub(super) async fn link(&mut self, address: &str, kind: &str) -> String {
        let token = self.world.link_to(address, kind).await;
        self.noted.note("link", &token);
        token
    }

    fn cookie(answer: &Answer) -> String {
        let cookies = answer.headers.get_all("set-cookie").iter();
        let pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// From the registration to the last logout.
    pub(crate) async fn walk(&mut self) {
        let email = "ada.lovelace@example.com";
        let first = self.password("first-Horse-7battery-staple");
        let body = json!({ "email": email, "password": first, "name": "Ada" });
        let registered = self.post("/register", None, body).await;
        assert_eq!(registered.status, StatusCode::CREATED, "{registered:?}");
        let token = self.link(email, "verify_email").await;
        let verified = self
            .post("/verify-email", None, json!({ "token": token }))
            .await;
        assert_eq!(verified.status, StatusCode::OK, "{verified:?}");
        self.by_token(email, first).await;
        let second = self.password("second-Horse-8battery-staple");
        self.by_cookie(email, first, second).await;
        let third = self.password("third-Horse-9battery-staple");
        self.forgotten(email, third).await;
        let new_email = "ada.king@example.com";
        self.moved(email, new_email, third).await;
        self.locked_out(new_email, third).await;
        self.refused(new_email).await;
    }

    async fn by_token(&mut self, email: &str, password: &str) {
        let body = json!({ "email": email, "password": password });
        let logged_in = self.post("/login", None, body).await;
        assert_eq!(logged_in.status, StatusCode::OK, "{logged_in:?}");
        let refresh = json!({ "refreshToken": logged_in.text("refreshToken") });
        let refreshed = self.post("/refresh-token", None, refresh).await;
        assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
        let bearer = format!("Bearer {}", refreshed.text("token"));
        let bearer = Some(("authorization", bearer.as_str()));
        let name = json!({ "name": "ci" });
        let created = self.post("/api-keys", bearer, name).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        let key = created.body["apiKey"]["key"].as_str().unwrap().to_owned();
        let id = created.body["apiKey"]["id"].as_str().unwrap().to_owned();
        let by_key = Some(("x-api-key", key.as_str()));
        let me = self.send(Method::GET, "/me", by_key, Value::Null).await;
        assert_eq!(me.status, StatusCode::OK, "{me:?}");
        self.world.nodes[0].accounts.note_key_uses().await.unwrap();
        let rotated = self
            .post(
                &format!("/api-keys/{id}/rotate"),
                bearer,
                json!({ "graceSeconds": 60 }),
            )
            .await;
        assert_eq!(rotated.status, StatusCode::CREATED, "{rotated:?}");
        let proved = self
            .post("/reauthenticate", bearer, json!({ "password": password }))
            .await;
        assert_eq!(proved.status, StatusCode::OK, "{proved:?}");
        let body = json!({ "refreshToken": refreshed.text("refreshToken") });
        let out = self.post("/logout", None, body).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT);
        let again = json!({ "refreshToken": refreshed.text("refreshToken") });
        let again = self.post("/refresh-token", None, again).await;
        assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    }

    async fn by_cookie(&mut self, email: &str, old: &str, new: &str) {
        let body = json!({ "email": email, "password": old, "mode": "cookie", "remember": true });
        let logged_in = self.post("/login", None, body).await;
        assert_eq!(logged_in.status, StatusCode::OK, "{logged_in:?}");
        let cookie = Self::cookie(&logged_in);
        let cookie = Some(("cookie", cookie.as_str()));
        let me = self.send(Method::GET, "/me", cookie, Value::Null).await;
        assert_eq!(me.status, StatusCode::OK, "{me:?}");
        let body = json!({ "currentPassword": old, "newPassword": new });
        let changed = self.post("/change-password", cookie, body).await;
        assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
        let cookie = Self::cookie(&changed);
        let cookie = Some(("cookie", cookie.as_str()));
        let out = self.post("/logout", cookie, Value::Null).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT, "{out:?}");
    }

    async fn forgotten(&mut self, email: &str, new: &str) {
        let asked = self
            .post("/forgot-password", None, json!({ "email": email }))
            .await;
        assert_eq!(asked.status, StatusCode::ACCEPTED);
        // Its link stays in the outbox for a while: nothing has been sent yet.
        let token = self.link(email, "reset_password").await;
        let body = json!({ "token": token, "password": new });
        let reset = self.post("/reset-password", None, body).await;
        assert_eq!(reset.status, StatusCode::OK, "{reset:?}");
    }

    async fn moved(&mut self, email: &str, new_email: &str, password: &str) {
        let body = json!({ "email": email, "password": password });
        let logged_in = self.post("/login", None, body).await;
        let bearer = format!("Bearer {}", logged_in.text("token"));
        let asked = self
            .post(
                "/change-email",
                Some(("authorization", &bearer)),
                json!({ "email": new_email }),
            )
            .await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{asked:?}");
        let token = self.link(new_email, "change_email").await;
        let confirmed = self
            .post("/change-email/confirm", None, json!({ "token": token }))
            .await;
        assert_eq!(confirmed.status, StatusCode::OK, "{confirmed:?}");
        // By which it could be undone.
        self.link(email, "email_changed").await;
    }

    async fn locked_out(&mut self, email: &str, password: &str) {
        let wrong = self.password("wrong-Horse-0battery-staple");
        for _ in 0..6 {
            let body = json!({ "email": email, "password": wrong });
            let refused = self.post("/login", None, body).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        }
        let asked = self
            .post("/unlock/request", None, json!({ "email": email }))
            .await;
        assert_eq!(asked.status, StatusCode::ACCEPTED);
        let token = self.link(email, "unlock").await;
        let unlocked = self.post("/unlock", None, json!({ "token": token })).await;
        assert_eq!(unlocked.status, StatusCode::OK, "{unlocked:?}");
        let body = json!({ "email": email, "password": password });
        let logged_in = self.post("/login", None, body).await;
        assert_eq!(logged_in.status, StatusCode::OK, "{logged_in:?}");
    }

    /// What is refused is secret as well: somebody may have made a slip.
    async fn refused(&mut self, email: &str) {
        let slip = self.password("what-only-I-know-of-0ther-services");
        for path in [
            "/refresh-token",
            "/verify-email",
            "/reset-password",
            "/unlock",
        ] {
            let body = match path {
                "/refresh-token" => json!({ "refreshToken": slip }),
                "/reset-password" => json!({ "token": slip, "password": slip }),
                _ => json!({ "token": slip }),
            };
            let refused = self.post(path, None, body).await;
            assert!(refused.status.is_client_error(), "{path} {refused:?}");
        }
        let unknown = json!({ "email": "nobody@example.com", "password": slip });
        let refused = self.post("/login", None, unknown).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        for (name, value) in [
            ("authorization", format!("Bearer {slip}")),
            ("x-api-key", slip.to_owned()),
            ("cookie", format!("__Host-session={slip}")),
        ] {
            let me = self.send(Method::GET, "/me", Some((name, &value)), Value::Null);
            assert_eq!(me.await.status, StatusCode::UNAUTHORIZED);
        }
        // One mail is left in the outbox, unsent.
        let asked = self
            .post("/forgot-password", None, json!({ "email": email }))
            .await;
        assert_eq!(asked.status, StatusCode::ACCEPTED);
        self.world.wait(Duration::from_secs(1));
    }

    /// The link that was never sent, once nobody looks any more.
    pub(crate) async fn note_what_was_unsent(&mut self) {
        self.link("ada.king@example.com", "reset_password").await;
    }
}
