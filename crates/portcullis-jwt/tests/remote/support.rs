//! What all tests of this folder need.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use portcullis_jwt::remote::{RemoteKeys, RemoteKeysBuilder};
use portcullis_jwt::{KeySet, KeySource};
use portcullis_testkit::ManualClock;

use crate::endpoint::{Answer, Endpoint};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
/// The default.
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(30);

/// A JWK set with keys of these names; the public key itself is that of RFC 8037 appendix A.2.
pub(crate) fn jwks(kids: &[&str]) -> String {
    let keys: Vec<_> = kids
        .iter()
        .map(|kid| {
            serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid,
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            })
        })
        .collect();
    serde_json::json!({ "keys": keys }).to_string()
}

/// What becomes of a token with a certain `kid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its key is there.
    Found,
    /// 401.
    Unknown,
    /// 503.
    Unavailable,
}

/// Does what a verifier does, as the contract of `KeySource` says.
pub(crate) async fn look_up(keys: &RemoteKeys, kid: &str) -> Fate {
    if knows(&keys.current(), kid) {
        return Fate::Found;
    }
    let Some(refresh) = keys.refresh_for_unknown_kid(Some(kid)) else {
        return Fate::Unknown;
    };
    match refresh.await {
        Err(_) => Fate::Unavailable,
        Ok(()) if knows(&keys.current(), kid) => Fate::Found,
        Ok(()) => Fate::Unknown,
    }
}

/// As [`look_up`], for a lookup that must not wait: it is polled once.
pub(crate) fn look_up_at_once(keys: &RemoteKeys, kid: &str) -> Fate {
    let mut look_up = pin!(look_up(keys, kid));
    match look_up
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(fate) => fate,
        Poll::Pending => panic!("the lookup waits"),
    }
}

fn knows(keys: &KeySet, kid: &str) -> bool {
    keys.find(Some(kid)).is_some()
}

/// An endpoint that serves these keys at `/jwks`, a source that reads them there, and the source's clock.
pub(crate) struct Scene {
    pub(crate) endpoint: Endpoint,
    pub(crate) clock: ManualClock,
    pub(crate) keys: RemoteKeys,
}

impl Scene {
    /// Nothing is loaded yet.
    pub(crate) async fn new(kids: &[&str]) -> Self {
        Self::with(kids, |builder| builder).await
    }

    pub(crate) async fn with(
        kids: &[&str],
        configure: impl FnOnce(RemoteKeysBuilder) -> RemoteKeysBuilder,
    ) -> Self {
        let endpoint = Endpoint::start().await;
        endpoint.answer("/jwks", Answer::ok(jwks(kids)));
        let clock = ManualClock::new();
        let builder = RemoteKeys::jwks(&endpoint.url("/jwks"))
            .clock(clock.shared())
            .with_insecure_http_for_loopback();
        let keys = configure(builder).build().unwrap();
        Self {
            endpoint,
            clock,
            keys,
        }
    }

    /// The keys are loaded, by one request.
    pub(crate) async fn loaded(kids: &[&str]) -> Self {
        let scene = Self::new(kids).await;
        scene.keys.ready().await.unwrap();
        scene
    }

    pub(crate) fn fetches(&self) -> usize {
        self.endpoint.requests().len()
    }

    /// Waits until the refresh that is under way has ended, by joining it as a request for an unknown key does.
    pub(crate) async fn settled(&self) {
        if let Some(refresh) = self.keys.refresh_for_unknown_kid(Some("nobody's")) {
            let _ = refresh.await;
        }
    }
}
