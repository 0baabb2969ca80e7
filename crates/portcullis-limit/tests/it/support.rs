//! What several tests need.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use portcullis_core::{ClientAddress, PeerAddress, ResponseBody, TrustedProxies, client_address};
use portcullis_limit::{
    Answer, Decision, Hit, LimitRequest, Limiter, LimiterError, LimiterErrorKind, MemoryLimiter,
};
use portcullis_testkit::ManualClock;
use serde_json::Value;

pub(crate) type Body = Full<Bytes>;

/// The client's address, without any proxy.
pub(crate) fn direct() -> ClientAddress {
    client_address(TrustedProxies::none())
}

pub(crate) fn memory(clock: &ManualClock) -> MemoryLimiter {
    MemoryLimiter::new().with_clock(clock.shared())
}

/// A request from this address.
pub(crate) fn from(address: &str) -> Request<Body> {
    let peer = SocketAddr::new(address.parse().unwrap(), 4000);
    Request::builder()
        .extension(PeerAddress(peer))
        .body(Body::default())
        .unwrap()
}

pub(crate) async fn json(response: Response<ResponseBody<Body>>) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

/// A service that answers 200 and counts how often it was called.
#[derive(Clone, Default)]
pub(crate) struct Counting(Arc<AtomicUsize>);

impl Counting {
    pub(crate) fn calls(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn service(
        &self,
    ) -> impl tower::Service<
        Request<Body>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + use<> {
        let calls = Arc::clone(&self.0);
        tower::service_fn(move |_: Request<Body>| {
            calls.fetch_add(1, Ordering::SeqCst);
            async { Ok(Response::new(Body::default())) }
        })
    }
}

/// A limiter whose server is away.
#[derive(Debug, Clone)]
pub(crate) struct Away;

impl Limiter for Away {
    fn check(&self, _requests: &[LimitRequest<'_>]) -> Answer<Decision> {
        Answer::Pending(Box::pin(async {
            Err(LimiterError::new(LimiterErrorKind::Unavailable))
        }))
    }

    fn refund(&self, _hits: &[Hit<'_>]) -> Answer<()> {
        Answer::Ready(Err(LimiterError::new(LimiterErrorKind::Unavailable)))
    }
}

/// A limiter that has a server: it answers what the inner one does, but only when it is awaited.
#[derive(Debug, Clone)]
pub(crate) struct Remote(pub(crate) MemoryLimiter);

impl Limiter for Remote {
    fn check(&self, requests: &[LimitRequest<'_>]) -> Answer<Decision> {
        let owned: Vec<_> = requests
            .iter()
            .map(|request| (request.key.clone(), request.quota.clone(), request.cost))
            .collect();
        let limiter = self.0.clone();
        Answer::Pending(Box::pin(async move {
            tokio::task::yield_now().await;
            let requests: Vec<_> = owned
                .iter()
                .map(|(key, quota, cost)| LimitRequest::new(key, quota).with_cost(*cost))
                .collect();
            let answer = limiter.check(&requests);
            answer.await
        }))
    }

    fn refund(&self, hits: &[Hit<'_>]) -> Answer<()> {
        self.0.refund(hits)
    }
}
