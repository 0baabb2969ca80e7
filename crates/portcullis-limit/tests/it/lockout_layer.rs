//! `LockoutLayer`, from outside.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode};
use portcullis_core::{DefaultRenderer, Denial, Renderer, ResponseBody};
use portcullis_limit::{
    Answer, Attempted, Counted, CountedFailure, Counter, LimiterError, LimiterErrorKind, Lockout,
    LockoutKey, LockoutLayer, LockoutStore, MemoryLockouts, Standing, Steps,
};
use portcullis_testkit::ManualClock;
use tokio::sync::Barrier;
use tower::limit::ConcurrencyLimitLayer;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::support::{Body, direct, from};

type Login = BoxCloneSyncService<Request<Body>, Response<ResponseBody<Body>>, Infallible>;

fn wrong() -> Denial {
    Denial::invalid_credential("invalid_credentials").with_detail("wrong name or password")
}

/// A login whose only account is alice, with the password `right`. It counts how often it is asked.
fn login(calls: &Arc<std::sync::atomic::AtomicUsize>) -> Login {
    let calls = Arc::clone(calls);
    BoxCloneSyncService::new(tower::service_fn(move |request: Request<Body>| {
        calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            tokio::task::yield_now().await;
            let (head, _) = request.into_parts();
            let text = |name: &str| {
                head.headers
                    .get(name)
                    .map(|value| value.to_str().unwrap().to_owned())
            };
            let renderer: &dyn Renderer = &DefaultRenderer;
            let mut response = match text("x-password").as_deref() {
                Some("right") if text("x-login").as_deref() == Some("alice") => {
                    Response::new(ResponseBody::inner(Body::from("welcome")))
                }
                Some("malformed") => ResponseBody::refuse(renderer.refuse(
                    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request"),
                    &head,
                )),
                Some("broken") => {
                    ResponseBody::refuse(renderer.refuse(Denial::unavailable(), &head))
                }
                Some("plain") => {
                    let mut response = Response::new(ResponseBody::inner(Body::default()));
                    *response.status_mut() = StatusCode::FORBIDDEN;
                    response
                }
                None => ResponseBody::refuse(renderer.refuse(Denial::unauthenticated(), &head)),
                Some(_) => ResponseBody::refuse(renderer.refuse(wrong(), &head)),
            };
            if let Some(account) = text("x-login") {
                response.extensions_mut().insert(LockoutKey::new(account));
            }
            Ok(response)
        }
    }))
}

struct Setup {
    clock: ManualClock,
    calls: Arc<std::sync::atomic::AtomicUsize>,
    service:
        BoxCloneSyncService<Request<Body>, Response<ResponseBody<ResponseBody<Body>>>, Infallible>,
}

impl Setup {
    fn new(change: impl FnOnce(LockoutLayer) -> LockoutLayer) -> Self {
        let clock = ManualClock::new();
        let store = MemoryLockouts::new().with_clock(clock.shared());
        let layer = LockoutLayer::new(Lockout::new(store, "password"), direct()).denial(wrong());
        let calls = Arc::default();
        let service = ServiceBuilder::new()
            .layer(change(layer))
            .service(login(&calls));
        Self {
            clock,
            calls,
            service: BoxCloneSyncService::new(service),
        }
    }

    /// Knows the account from the head.
    fn by_head() -> Self {
        Self::new(|layer| {
            layer.account(|request| Some(request.headers.get("x-login")?.to_str().ok()?.to_owned()))
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(std::sync::atomic::Ordering::SeqCst)
    }

    async fn guess(
        &self,
        login: &str,
        password: &str,
        address: &str,
    ) -> Response<ResponseBody<ResponseBody<Body>>> {
        let mut request = from(address);
        request
            .headers_mut()
            .insert("x-login", login.parse().unwrap());
        if !password.is_empty() {
            request
                .headers_mut()
                .insert("x-password", password.parse().unwrap());
        }
        self.service.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, login: &str, password: &str, address: &str) -> u16 {
        self.guess(login, password, address).await.status().as_u16()
    }
}

async fn body(
    response: Response<ResponseBody<ResponseBody<Body>>>,
) -> (HeaderMap, serde_json::Value) {
    use http_body_util::BodyExt;
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (head.headers, serde_json::from_slice(&bytes).unwrap())
}

/// AC-L1, AC-L2, AC-L4: after five wrong guesses the service is not asked any more, and nobody can tell.
#[tokio::test]
async fn a_locked_account_looks_like_a_wrong_password() {
    let setup = Setup::by_head();
    let known = body(setup.guess("alice", "guess", "192.0.2.1").await).await;
    let unknown = body(setup.guess("nobody", "guess", "192.0.2.1").await).await;
    for _ in 0..4 {
        setup.guess("alice", "guess", "192.0.2.1").await;
    }
    assert_eq!(setup.calls(), 6);
    let locked = setup.guess("alice", "right", "192.0.2.1").await;
    assert_eq!(locked.status(), StatusCode::UNAUTHORIZED);
    assert!(!locked.headers().contains_key("retry-after"));
    assert_eq!(
        locked.extensions().get::<Denial>().unwrap().code(),
        "invalid_credentials"
    );
    let locked = body(locked).await;
    assert_eq!((&locked, &known), (&unknown, &unknown));
    assert_eq!(setup.calls(), 6, "the right password was not looked at");

    assert_eq!(
        setup.status("alice", "right", "192.0.2.2").await,
        200,
        "its owner is elsewhere"
    );
    setup.clock.advance(Duration::from_secs(60));
    assert_eq!(setup.status("alice", "right", "192.0.2.1").await, 200);
}

/// AC-L5, v5.0.0-6.3.1: 200 guesses at once, and five reach the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_guesses_do_not_get_through() {
    let setup = Setup::by_head();
    let barrier = Arc::new(Barrier::new(200));
    let guesses: Vec<_> = (0..200)
        .map(|_| {
            let (service, barrier) = (setup.service.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                let mut request = from("192.0.2.1");
                request
                    .headers_mut()
                    .insert("x-login", "alice".parse().unwrap());
                request
                    .headers_mut()
                    .insert("x-password", "guess".parse().unwrap());
                barrier.wait().await;
                service.oneshot(request).await.unwrap().status()
            })
        })
        .collect();
    for guess in guesses {
        assert_eq!(guess.await.unwrap(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(setup.calls(), 5);
}

/// AC-L6: success forgets the account's failures.
#[tokio::test]
async fn success_begins_anew() {
    let setup = Setup::by_head();
    for _ in 0..5 {
        for _ in 0..4 {
            assert_eq!(setup.status("alice", "guess", "192.0.2.1").await, 401);
        }
        assert_eq!(setup.status("alice", "right", "192.0.2.1").await, 200);
    }
    assert_eq!(setup.calls(), 25);
}

/// What is no guess does not count: malformed requests, a service that is down, nothing presented.
#[tokio::test]
async fn only_guesses_count() {
    let setup = Setup::by_head();
    for _ in 0..10 {
        assert_eq!(setup.status("alice", "malformed", "192.0.2.1").await, 422);
        assert_eq!(setup.status("alice", "broken", "192.0.2.1").await, 503);
        assert_eq!(setup.status("alice", "plain", "192.0.2.1").await, 403);
        assert_eq!(setup.status("alice", "", "192.0.2.1").await, 401);
    }
    assert_eq!(setup.calls(), 40);
    // Nor does it forget what has failed.
    for _ in 0..4 {
        setup.guess("alice", "guess", "192.0.2.1").await;
        setup.guess("alice", "malformed", "192.0.2.1").await;
    }
    setup.guess("alice", "guess", "192.0.2.1").await;
    assert_eq!(setup.status("alice", "malformed", "192.0.2.1").await, 401);
}

#[tokio::test]
async fn plain_refusals_count_on_demand_and_so_does_what_a_closure_says() {
    let plain = Setup::new(LockoutLayer::count_plain_refusals);
    for _ in 0..5 {
        assert_eq!(plain.status("alice", "plain", "192.0.2.1").await, 403);
    }
    assert_eq!(
        plain.status("alice", "plain", "192.0.2.1").await,
        429,
        "the address is locked"
    );

    let judged = Setup::new(|layer| {
        layer.judge(|response| match response.status {
            StatusCode::UNPROCESSABLE_ENTITY => Attempted::Failed,
            _ => Attempted::Neither,
        })
    });
    for _ in 0..5 {
        assert_eq!(judged.status("alice", "malformed", "192.0.2.1").await, 422);
    }
    assert_eq!(judged.status("alice", "malformed", "192.0.2.1").await, 429);
}

/// Without an account, the address is held to AC-L1's steps; and it may be told when to come back (AC-L2).
#[tokio::test]
async fn an_address_alone_is_locked_too() {
    let setup = Setup::new(|layer| layer);
    for minutes in [1, 2] {
        for number in 0..5 {
            assert_eq!(
                setup
                    .status(&format!("user{number}"), "guess", "192.0.2.1")
                    .await,
                401
            );
        }
        let locked = setup.guess("alice", "right", "192.0.2.1").await;
        assert_eq!(locked.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(locked.headers()["retry-after"], (60 * minutes).to_string());
        setup.clock.advance(Duration::from_secs(60 * minutes));
    }
    assert_eq!(setup.status("alice", "right", "192.0.2.2").await, 200);
}

/// The service says afterwards whom it was asked about: the answers for a locked account are replaced, the right one too.
#[tokio::test]
async fn an_account_can_be_learned_from_the_response() {
    let setup = Setup::new(LockoutLayer::account_from_response);
    for _ in 0..5 {
        assert_eq!(setup.status("alice", "guess", "192.0.2.1").await, 401);
    }
    let locked = setup.guess("alice", "right", "192.0.2.1").await;
    assert!(locked.extensions().get::<LockoutKey>().is_none());
    let (_, answer) = body(locked).await;
    assert_eq!(answer["code"], "invalid_credentials");
    assert_eq!(setup.status("bob", "guess", "192.0.2.1").await, 401);
    assert_eq!(setup.status("alice", "right", "192.0.2.2").await, 200);
    setup.clock.advance(Duration::from_secs(60));
    let welcome = setup.guess("alice", "right", "192.0.2.1").await;
    assert_eq!(welcome.status(), StatusCode::OK);
    assert!(
        welcome.extensions().get::<LockoutKey>().is_none(),
        "the name goes no further"
    );
}

/// An address that tries many accounts is locked as well.
#[tokio::test]
async fn stuffing_from_one_address_is_stopped() {
    let setup = Setup::by_head();
    let mut refused = 0;
    for number in 0..60 {
        refused += usize::from(
            setup
                .status(&format!("user{number}"), "guess", "192.0.2.1")
                .await
                == 429,
        );
    }
    assert_eq!((setup.calls(), refused), (50, 10));
}

#[derive(Debug)]
struct Away;

impl LockoutStore for Away {
    fn count(&self, _: &[Counter<'_>]) -> Answer<Counted> {
        Answer::Ready(Err(LimiterError::new(LimiterErrorKind::TimedOut)))
    }

    fn settle(&self, _: &[Counter<'_>], _: &[CountedFailure<'_>]) -> Answer<()> {
        Answer::Ready(Err(LimiterError::new(LimiterErrorKind::TimedOut)))
    }

    fn look(&self, _: &[Counter<'_>]) -> Answer<Vec<Standing>> {
        Answer::Ready(Err(LimiterError::new(LimiterErrorKind::TimedOut)))
    }
}

/// AC-T6: closed.
#[tokio::test]
async fn a_store_that_is_away_is_503() {
    let calls = Arc::default();
    let layer = LockoutLayer::new(Lockout::new(Away, "password"), direct());
    let service = ServiceBuilder::new().layer(layer).service(login(&calls));
    let refused = service.oneshot(from("192.0.2.1")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 0);
}

/// The instance that was readied is the one that is called.
#[tokio::test]
async fn a_concurrency_limit_inside_holds() {
    let lockout = Lockout::new(MemoryLockouts::new(), "password").steps(Steps::new(3));
    let calls = Arc::default();
    let mut service = ServiceBuilder::new()
        .layer(LockoutLayer::new(lockout, direct()))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(login(&calls));
    for _ in 0..3 {
        let mut request = from("192.0.2.1");
        request
            .headers_mut()
            .insert("x-password", "guess".parse().unwrap());
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
}
