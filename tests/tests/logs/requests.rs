//! Good and bad requests of all kinds, with secrets in all places where secrets can be.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL};
use axum::http::request::Builder;
use portcullis::jwt::{Algorithm, Grant, HmacKey, SigningKey};
use portcullis::key::{KeyFormat, KeyPrefix, KeyRecord};
use portcullis::{ApiKey, AuthUser, Issuer, KeyRing, SchemeName, Timestamp};

use crate::application::{
    ACCOUNT, Application, PASSWORD, TENANT, bearing, cookie_of, private_claims, request,
    with_cookie,
};
use crate::secrets::Secrets;

/// A text that would be a line of its own, in colour.
const FORGED: &str = "mallory\r\n2026-01-01T00:00:00Z INFO forged=line \u{1b}[31m\u{0}\u{9b}2J";

/// Sends requests, and keeps count of their outcomes.
pub(crate) struct Client<'a> {
    pub(crate) application: &'a Application,
    pub(crate) secrets: Secrets,
    /// Ids that may be logged.
    pub(crate) public: Vec<String>,
    pub(crate) outcomes: BTreeMap<u16, usize>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(application: &'a Application) -> Self {
        let mut secrets = Secrets::default();
        secrets.plant("password", PASSWORD);
        secrets.plant("hash", application.password_hash.as_str());
        Self {
            application,
            secrets,
            public: Vec::new(),
            outcomes: BTreeMap::new(),
        }
    }

    pub(crate) async fn send(&mut self, request: Builder) -> u16 {
        let response = self.application.send(request, "").await;
        let status = response.status().as_u16();
        *self.outcomes.entry(status).or_default() += 1;
        status
    }

    fn token(&mut self, issuer: &Issuer, grant: &Grant) -> String {
        let claims = private_claims("hypertension-4c1e9d-stage-two");
        let token = issuer.issue_with(grant, &claims).unwrap();
        self.secrets.plant("token", token.as_str())
    }

    /// A token in every place, whole and broken.
    pub(crate) async fn tokens(&mut self, ring: &KeyRing) {
        self.secrets.plant("claim", "hypertension-4c1e9d-stage-two");
        let issuer = Issuer::new(ring.clone());
        let token = self.token(&issuer, &Grant::access("alice").session("a-session"));
        for path in ["/", "/read", "/admin", "/claims"] {
            self.send(bearing(path, "Bearer", &token)).await;
        }
        self.send(request("GET", &format!("/?access_token={token}")))
            .await;
        self.send(with_cookie("/", &format!("token={token}"))).await;
        let protocol = format!("bearer, {token}");
        self.send(request("GET", "/").header(SEC_WEBSOCKET_PROTOCOL, protocol))
            .await;
        let two = bearing("/", "Bearer", &token).header("x-api-key", token.as_str());
        assert_eq!(self.send(two).await, 400);
        let forged = self.token(&issuer, &Grant::access(FORGED));
        self.send(bearing("/admin", "Bearer", &forged)).await;
        self.bad_tokens(&issuer, &token).await;
    }

    async fn bad_tokens(&mut self, issuer: &Issuer, good: &str) {
        let expired = issuer
            .clone()
            .clock(portcullis_testkit::ManualClock::at(Timestamp::from_unix_seconds(0)).shared());
        let expired = self.token(&expired, &Grant::access("alice"));
        let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
        let stranger = Issuer::new(KeyRing::new(stranger.with_kid(FORGED)));
        let stranger = self.token(&stranger, &Grant::access("alice"));
        let short = good[..good.len() - 4].to_owned();
        let nonsense = self.secrets.plant("nonsense", "tr0ub4dor-3-no-token");
        for bad in [expired, stranger, short, nonsense] {
            for path in ["/", "/read"] {
                assert_eq!(self.send(bearing(path, "Bearer", &bad)).await, 401);
            }
            self.send(request(
                "GET",
                &format!("/?access_token={bad}&x=%0d%0aforged%3dquery"),
            ))
            .await;
            self.send(with_cookie("/", &format!("token={bad}"))).await;
            self.send(bearing("/", "Basic", &bad)).await;
        }
        let bytes =
            HeaderValue::from_bytes(b"Bearer tr0ub4dor-3-no-token\t\xff\x80\x9b2J").unwrap();
        self.send(request("GET", "/").header(AUTHORIZATION, bytes))
            .await;
        let other = self.secrets.plant("two", "c4rrier-pigeon-no-token");
        let two = bearing("/", "Bearer", good).header(AUTHORIZATION, format!("Bearer {other}"));
        assert_eq!(self.send(two).await, 400);
    }

    /// Keys of both formats that are good, unknown, disabled, expired or none at all.
    pub(crate) async fn keys(&mut self) {
        for format in [KeyFormat::Checked, KeyFormat::Classic] {
            let [good, unknown, disabled, expired] = [(); 4].map(|()| self.key(format));
            let keys = &self.application.keys;
            let owner = || AuthUser::builder(SchemeName::API_KEY, FORGED).roles(["user"]);
            keys.insert(KeyRecord::for_key(&good, owner()));
            keys.insert(KeyRecord::for_key(&disabled, owner()).with_disabled(true));
            let past = Some(Timestamp::from_unix_seconds(1));
            keys.insert(KeyRecord::for_key(&expired, owner()).with_expires_at(past));
            for path in ["/", "/read", "/admin", "/claims"] {
                self.send(request("GET", path).header("x-api-key", good.expose()))
                    .await;
                self.send(bearing(path, "ApiKey", good.expose())).await;
            }
            let broken = good.expose()[..good.expose().len() - 1].to_owned() + "!";
            let bad = [unknown, disabled, expired].map(|key| key.expose().to_owned());
            for bad in bad.into_iter().chain([broken]) {
                let status = self
                    .send(request("GET", "/").header("x-api-key", bad))
                    .await;
                assert_eq!(status, 401);
            }
        }
    }

    fn key(&mut self, format: KeyFormat) -> ApiKey {
        let key = ApiKey::generate_as(format, &KeyPrefix::default()).unwrap();
        self.secrets.plant("key", key.expose());
        self.secrets.plant("digest of a key", key.digest().to_hex());
        let record = KeyRecord::for_key(&key, AuthUser::builder(SchemeName::API_KEY, "nobody"));
        self.public.push(record.id().to_owned());
        key
    }

    /// Logins, wrong and right, and what can be done with their cookies.
    pub(crate) async fn sessions(&mut self) {
        let first = self.log_in("alice", PASSWORD, None).await.unwrap();
        for path in ["/", "/read", "/admin", "/claims"] {
            self.send(with_cookie(path, &first)).await;
        }
        let second = self.log_in("alice", PASSWORD, Some(&first)).await.unwrap();
        assert_ne!(first, second);
        self.send(with_cookie("/read", &first)).await;
        self.send(with_cookie("/read", &second)).await;
        self.send(request("POST", "/logout").header(COOKIE, &second))
            .await;
        self.send(with_cookie("/read", &second)).await;
        let nonsense = self.secrets.plant("nonsense", "n0t-a-session-id-at-all");
        self.send(with_cookie("/", &format!("__Host-session={nonsense}")))
            .await;
        let wrong = self.secrets.plant("wrong password", "incorrect-horse-77aa");
        for _ in 0..7 {
            assert_eq!(self.log_in("bob\t\u{9b}2J", &wrong, None).await, None);
        }
    }

    pub(crate) async fn log_in(
        &mut self,
        account: &str,
        password: &str,
        cookie: Option<&str>,
    ) -> Option<String> {
        let account = HeaderValue::from_bytes(account.as_bytes()).unwrap();
        let mut login = request("POST", "/login").header(ACCOUNT, account);
        if let Some(cookie) = cookie {
            login = login.header(COOKIE, cookie);
        }
        let response = self.application.send(login, password).await;
        let status = response.status().as_u16();
        *self.outcomes.entry(status).or_default() += 1;
        (status == 200).then(|| {
            let cookie = cookie_of(&response);
            let (_, id) = cookie.split_once('=').unwrap();
            self.secrets.plant("session id", id);
            cookie
        })
    }

    /// More than is allowed, by a key that is nobody's business, from addresses that are none.
    pub(crate) async fn too_many(&mut self) {
        let tenant = self.secrets.plant("tenant", "tenant-9f8e-7d6c-5b4a");
        for expected in [200, 429, 429] {
            let request = request("GET", "/tenant").header(TENANT, &tenant);
            assert_eq!(self.send(request).await, expected);
        }
        let address = HeaderValue::from_bytes(b"\x80\xff\tforged=address, 1.2.3.4\t").unwrap();
        self.send(request("GET", "/").header("x-forwarded-for", address))
            .await;
    }

    /// With stores off, nobody is let in, and nobody is told that a credential is wrong.
    pub(crate) async fn without_stores(&mut self) {
        let cookie = self.log_in("alice", PASSWORD, None).await.unwrap();
        let key = self.key(KeyFormat::Checked);
        let with_key = || request("GET", "/read").header("x-api-key", key.expose());
        let application = self.application;
        application.stores.turn_off(true);
        assert_eq!(self.send(with_key()).await, 503);
        assert_eq!(self.send(with_cookie("/read", &cookie)).await, 503);
        assert_eq!(self.log_in("alice", PASSWORD, Some(&cookie)).await, None);
        application.stores.turn_off(false);
        application.lockouts.turn_off(true);
        assert_eq!(self.log_in("alice", PASSWORD, None).await, None);
        application.lockouts.turn_off(false);
        application.limits.turn_off(true);
        assert_eq!(self.send(with_cookie("/read", &cookie)).await, 503);
        application.limits.turn_off(false);
        assert_eq!(self.send(with_cookie("/read", &cookie)).await, 200);
    }
}

/// The ring rotates to a new secret while it is in use.
pub(crate) fn rotate(ring: &KeyRing, secrets: &mut Secrets) {
    let secret = secrets.plant("next secret", "5e884898da28047151d0e56f8dc62927");
    let next = SigningKey::hs256(&HmacKey::new(secret).unwrap()).with_kid("next");
    ring.rotate(next, Duration::from_secs(3600)).unwrap();
}
