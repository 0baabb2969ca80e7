//! Back-pressure: the instance that was made ready is the one that is called, now or later.

use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use portcullis_core::{Attempt, AuthUser, AuthnLayer, Denial, Scheme, SchemeName};
use portcullis_tests::{admins_only, authn, request};
use tokio::sync::oneshot;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_ok};
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, ServiceBuilder};
use tower_test::mock;

type Mock = mock::Mock<Request<()>, Response<Full<Bytes>>>;
type Handle = mock::Handle<Request<()>, Response<Full<Bytes>>>;

/// A scheme that waits until the test lets it go.
#[derive(Debug)]
struct Gate(std::sync::Mutex<Vec<oneshot::Receiver<()>>>);

impl Gate {
    /// A layer with such a scheme, and the levers for its next requests, the last one first.
    fn layer(count: usize) -> (AuthnLayer, Vec<oneshot::Sender<()>>) {
        let (levers, gates) = (0..count).map(|_| oneshot::channel()).unzip();
        (
            AuthnLayer::new().scheme(Self(std::sync::Mutex::new(gates))),
            levers,
        )
    }
}

impl Scheme for Gate {
    fn name(&self) -> SchemeName {
        SchemeName::new("gate")
    }

    fn challenge(&self) -> Option<http::HeaderValue> {
        None
    }

    fn authenticate(&self, _: &http::request::Parts) -> Attempt {
        let gate = self.0.lock().unwrap().pop().unwrap();
        Attempt::Pending(Box::pin(async move {
            gate.await.map_err(|_| Denial::unavailable())?;
            Ok(Some(
                AuthUser::builder(SchemeName::new("gate"), "alice").build(),
            ))
        }))
    }
}

/// Whether the handler has been given a request; it answers at once.
fn serves_one(handle: &mut Handle) -> bool {
    let Poll::Ready(Some((_, respond))) = handle.poll_request() else {
        return false;
    };
    respond.send_response(Response::new(Full::default()));
    true
}

fn any() -> Request<()> {
    Request::new(())
}

#[tokio::test]
async fn a_layer_is_as_ready_as_the_service_inside() {
    for order in [Some("ready:alice:admin"), Some("waiting:alice:admin")] {
        let (mut service, mut handle) = mock::spawn_with(|mock: Mock| {
            ServiceBuilder::new()
                .layer(authn())
                .layer(admins_only())
                .service(mock)
        });
        handle.allow(0);
        assert_pending!(service.poll_ready());
        handle.allow(1);
        assert!(service.is_woken());
        assert_ready_ok!(service.poll_ready());
        // The mock panics if an instance is called that was not made ready.
        let mut future = spawn(service.call(request(order)));
        assert_pending!(future.poll());
        if order == Some("waiting:alice:admin") {
            assert_pending!(future.poll());
        }
        assert!(serves_one(&mut handle));
        assert_eq!(assert_ready_ok!(future.poll()).status(), StatusCode::OK);
        assert_pending!(service.poll_ready());
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_readiness_for_the_next_request() {
    let (mut service, mut handle) = mock::spawn_with(|mock: Mock| {
        ServiceBuilder::new()
            .layer(authn())
            .layer(admins_only())
            .service(mock)
    });
    handle.allow(1);
    for order in [None, Some("broken"), Some("ready:alice:user")] {
        assert_ready_ok!(service.poll_ready());
        let mut refused = spawn(service.call(request(order)));
        assert_ne!(assert_ready_ok!(refused.poll()).status(), StatusCode::OK);
    }
    assert_ready_ok!(service.poll_ready());
    let mut admitted = spawn(service.call(request(Some("ready:alice:admin"))));
    assert_pending!(admitted.poll());
    assert!(serves_one(&mut handle));
    assert_ready_ok!(admitted.poll());
}

#[tokio::test]
async fn an_error_in_making_ready_comes_through() {
    let (mut service, mut handle) = mock::spawn_with(|mock: Mock| authn().layer(mock));
    handle.send_error("the service is gone");
    let Poll::Ready(Err(error)) = service.poll_ready::<Request<()>>() else {
        panic!("an error");
    };
    assert!(error.to_string().contains("gone"), "{error}");
}

#[tokio::test]
async fn a_waiting_request_keeps_its_place_under_a_concurrency_limit() {
    let (gate, mut levers) = Gate::layer(2);
    let (mut service, mut handle) =
        mock::spawn_with(|mock: Mock| gate.layer(ConcurrencyLimitLayer::new(1).layer(mock)));
    assert_ready_ok!(service.poll_ready());
    // `ConcurrencyLimit` panics if it is called without the permit that `poll_ready` took.
    let mut first = spawn(service.call(any()));
    assert_pending!(first.poll());
    assert!(!serves_one(&mut handle), "it still waits for its scheme");
    assert_pending!(service.poll_ready(), "the one place is taken");

    levers.pop().unwrap().send(()).unwrap();
    assert!(first.is_woken());
    assert_pending!(first.poll());
    assert!(serves_one(&mut handle));
    assert_eq!(assert_ready_ok!(first.poll()).status(), StatusCode::OK);
    drop(first);

    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready(), "the place is free again");
    let mut second = spawn(service.call(any()));
    levers.pop().unwrap().send(()).unwrap();
    assert_pending!(second.poll());
    assert!(serves_one(&mut handle));
    assert_eq!(assert_ready_ok!(second.poll()).status(), StatusCode::OK);
}

#[tokio::test]
async fn dropped_or_refused_while_waiting_a_request_gives_its_place_back() {
    for dropped in [true, false] {
        let (gate, mut levers) = Gate::layer(1);
        let (mut service, mut handle) =
            mock::spawn_with(|mock: Mock| gate.layer(ConcurrencyLimitLayer::new(1).layer(mock)));
        assert_ready_ok!(service.poll_ready());
        let mut waiting = spawn(service.call(any()));
        assert_pending!(waiting.poll());
        assert_pending!(service.poll_ready());
        if !dropped {
            // The store is gone.
            drop(levers.pop());
            let refused = assert_ready_ok!(waiting.poll());
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
        drop(waiting);
        assert_ready_ok!(service.poll_ready());
        assert!(!serves_one(&mut handle), "nothing got through");
    }
}

#[tokio::test]
async fn many_requests_wait_side_by_side() {
    let (gate, mut levers) = Gate::layer(3);
    let (mut service, mut handle) = mock::spawn_with(|mock: Mock| gate.layer(mock));
    let mut waiting: Vec<_> = (0..3)
        .map(|_| {
            assert_ready_ok!(service.poll_ready());
            spawn(service.call(any()))
        })
        .collect();
    for future in &mut waiting {
        assert_pending!(future.poll());
    }
    // The last to come is the first to be let through.
    levers.remove(0).send(()).unwrap();
    assert_pending!(waiting[0].poll());
    assert_pending!(waiting[1].poll());
    assert_pending!(waiting[2].poll());
    assert!(serves_one(&mut handle));
    assert_ready_ok!(waiting[2].poll());
    assert_pending!(waiting[0].poll());
}
