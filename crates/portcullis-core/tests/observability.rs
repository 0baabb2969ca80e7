//! What operators see of a request: enough to act on, and nothing that is secret.

use std::convert::Infallible;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderValue, Request, Response};
use portcullis_core::{
    AuthUser, AuthnLayer, Denial, SchemeName, UserIdInLogs, authorization, cookie, from_async_fn,
    require, role,
};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tracing_subscriber::fmt::MakeWriter;

const TOKEN: &str = "tok3n-of-alice-9f8e7d6c";
const EMAIL: &str = "alice@example.com";
const CLAIM: &str = "ssn-078-05-1120";
const COOKIE_SECRET: &str = "c00kie-5f5e5d5c";

/// One test at a time: tracing remembers for each event whether anybody listens, and loses some where a listener comes while
/// another thread finds that nobody does.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that is logged at any level while `run` runs.
fn logged(run: impl Future<Output = ()>) -> String {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    tracing::subscriber::with_default(subscriber, || runtime.block_on(run));
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn layer() -> AuthnLayer {
    let scheme = from_async_fn("token", |parts: http::request::Parts| async move {
        let _ = cookie(&parts.headers, "session");
        match authorization(&parts.headers, "Bearer")? {
            None => Ok(None),
            Some("down") => Err(Denial::unavailable()),
            Some(TOKEN) => Ok(Some(alice("alice\n2026-01-01 forged=line"))),
            Some(_) => Err(Denial::invalid_credential("invalid_token")),
        }
    });
    AuthnLayer::new().scheme(scheme)
}

fn alice(id: &str) -> AuthUser {
    AuthUser::builder(SchemeName::new("token"), id)
        .email(EMAIL, true)
        .claims(format!("{{\"x\":\"{CLAIM}\"}}"))
        .roles(["user"])
        .build()
}

async fn send(layer: AuthnLayer, authorization: Option<&str>, wanted_role: &str) {
    let mut request = Request::new(());
    if let Some(authorization) = authorization {
        let value = HeaderValue::from_str(&format!("Bearer {authorization}")).unwrap();
        request.headers_mut().insert("authorization", value);
    }
    let cookie = HeaderValue::from_str(&format!("session={COOKIE_SECRET}")).unwrap();
    request.headers_mut().insert("cookie", cookie);
    let handler =
        service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(String::new())) });
    let stack = ServiceBuilder::new()
        .layer(layer)
        .layer(require(role(wanted_role)));
    stack.service(handler).oneshot(request).await.unwrap();
}

/// One request of each kind.
async fn all_kinds(layer: AuthnLayer) {
    send(layer.clone(), Some(TOKEN), "user").await;
    send(layer.clone(), Some(TOKEN), "admin").await;
    send(layer.clone(), Some("wr0ng-secret-1a2b"), "user").await;
    send(layer.clone(), Some("down"), "user").await;
    send(layer.clone(), None, "user").await;
    send(layer.required(), None, "user").await;
}

#[test]
fn ac_u2_every_outcome_is_logged_and_no_secret_is() {
    let _alone = alone();
    let log = logged(all_kinds(layer()));
    for event in [
        "request identified",
        "credential refused",
        "credential could not be judged",
        "request not permitted",
        "credential missing",
        "invalid_token",
        "unavailable",
        "forbidden",
    ] {
        assert!(log.contains(event), "{event} in:\n{log}");
    }
    for secret in [
        TOKEN,
        "wr0ng-secret-1a2b",
        EMAIL,
        "example.com",
        CLAIM,
        COOKIE_SECRET,
    ] {
        assert!(!log.contains(secret), "{secret} in:\n{log}");
    }
}

#[test]
fn ac_u4_an_id_cannot_forge_a_line() {
    let _alone = alone();
    let log = logged(all_kinds(layer()));
    assert!(log.contains("forged=line"), "the id is there");
    assert!(
        !log.lines()
            .any(|line| line.starts_with("2026-01-01 forged")),
        "{log}"
    );
    assert!(!log.contains('\r') && !log.contains('\u{1b}'));
}

#[test]
fn ids_can_be_hidden_or_mapped() {
    let _alone = alone();
    let hidden = logged(all_kinds(layer().user_id_in_logs(UserIdInLogs::Hidden)));
    assert!(
        !hidden.contains("alice") && hidden.contains("request identified"),
        "{hidden}"
    );
    let map = UserIdInLogs::Mapped(Arc::new(|id| format!("hash-of-{}", id.len())));
    let mapped = logged(all_kinds(layer().user_id_in_logs(map)));
    assert!(
        !mapped.contains("alice") && mapped.contains("hash-of-28"),
        "{mapped}"
    );
}

#[test]
fn ac_b7_a_guard_without_a_layer_logs_the_mend() {
    let _alone = alone();
    let log = logged(async {
        let handler = service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(String::new()))
        });
        let response = require(role("user"))
            .layer(handler)
            .oneshot(Request::new(()))
            .await
            .unwrap();
        assert_eq!(response.status(), 500);
    });
    assert!(
        log.contains("ERROR") && log.contains(".layer(AuthnLayer::new()"),
        "{log}"
    );
}

#[cfg(feature = "metrics")]
#[test]
fn ac_t8_each_request_is_counted_once_and_each_refusal_of_a_guard_apart() {
    let _alone = alone();
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(all_kinds(layer())));
    let mut counters: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            let DebugValue::Counter(count) = value else {
                panic!("{key} is a counter");
            };
            format!("{}{{{}}} {count}", key.name(), labels.join(","))
        })
        .collect();
    counters.sort();
    assert_eq!(
        counters,
        [
            "portcullis_denials_total{scheme=none,code=unauthenticated} 1",
            "portcullis_denials_total{scheme=token,code=forbidden} 1",
            "portcullis_requests_total{scheme=none,outcome=nobody} 1",
            "portcullis_requests_total{scheme=none,outcome=refused} 1",
            "portcullis_requests_total{scheme=token,outcome=refused} 1",
            "portcullis_requests_total{scheme=token,outcome=unavailable} 1",
            "portcullis_requests_total{scheme=token,outcome=user} 2",
        ]
    );
}

/// v5.0.0-16.4.1
#[test]
fn an_id_that_the_application_maps_cannot_forge_a_line_either() {
    let _alone = alone();
    let mapped = UserIdInLogs::Mapped(Arc::new(|id: &str| format!("<{id}>")));
    let log = logged(all_kinds(layer().user_id_in_logs(mapped)));
    assert!(log.contains(r"<alice\\n2026-01-01 forged=line>"), "{log}");
}
