//! How often the hot path asks for memory. No clock is involved, so this can be asserted.

mod support;

use allocation_counter::measure;
use portcullis_jwt::{Algorithm, Grant, Issuer, SigningKey, Verifier};

fn setup() -> (Verifier, String) {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let verifier = Verifier::for_key(key.verifying_key().clone()).build();
    let token = Issuer::new(key).issue(&Grant::access("alice")).unwrap();
    verifier.verify(token.as_str()).unwrap();
    (verifier, token.into_string())
}

#[test]
fn a_token_from_the_cache_costs_no_allocation() {
    let (verifier, token) = setup();
    let counted = measure(|| {
        for _ in 0..100 {
            assert!(verifier.verify(&token).is_ok());
        }
    });
    assert_eq!(counted.count_total, 0);
}

/// The extensions' map and what is put into it; nothing else. (The core's counters have labels that are known only at run time,
/// and allocate.)
#[test]
#[cfg(not(feature = "metrics"))]
fn through_the_layer_it_costs_four_at_most() {
    use std::convert::Infallible;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use http::header::AUTHORIZATION;
    use http::{Request, Response};
    use portcullis_core::{AuthUser, AuthnLayer};
    use portcullis_jwt::Bearer;
    use tower::{Layer, Service, service_fn};

    let (verifier, token) = setup();
    let inner = service_fn(|request: Request<()>| async move {
        let is_known = request.extensions().get::<AuthUser>().is_some();
        Ok::<_, Infallible>(Response::new(is_known))
    });
    let mut service = AuthnLayer::new().scheme(Bearer::new(verifier)).layer(inner);
    let mut ask = |request: Request<()>| {
        let mut future = pin!(service.call(request));
        let mut context = Context::from_waker(Waker::noop());
        matches!(future.as_mut().poll(&mut context), Poll::Ready(Ok(_)))
    };
    let request = || {
        let header = format!("Bearer {token}");
        Request::builder()
            .header(AUTHORIZATION, header)
            .body(())
            .unwrap()
    };
    assert!(ask(request()));
    let request = request();
    let counted = measure(|| assert!(ask(request)));
    assert!(counted.count_total <= 4, "{counted:?}");
}
