use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use portcullis_core::Renderer;
use tower_layer::Layer;

use super::headers::Manner;
use super::judge::Judge;
use super::rule::Rule;
use super::service::RateLimit;
use crate::{KeySource, Limiter};

/// Refuses requests that are too many: 429 `rate_limited`, before the body is read.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use portcullis_core::{PeerAddress, TrustedProxies, client_address};
/// use portcullis_limit::{MemoryLimiter, Quota, RateLimitLayer};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let limits = RateLimitLayer::new(MemoryLimiter::new(), Quota::per_minute(1).named("login"))
///     .by(client_address(TrustedProxies::none()));
/// let service = ServiceBuilder::new()
///     .layer(limits)
///     .service(service_fn(|_: Request<()>| async { Ok::<_, std::convert::Infallible>(Response::new(String::new())) }));
///
/// let request = || Request::builder().extension(PeerAddress("203.0.113.9:4000".parse().unwrap())).body(()).unwrap();
/// assert_eq!(service.clone().oneshot(request()).await.unwrap().status(), StatusCode::OK);
/// let refused = service.oneshot(request()).await.unwrap();
/// assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
/// assert_eq!(refused.headers()["retry-after"], "60");
/// assert_eq!(refused.headers()["ratelimit-policy"], r#""login";q=1;w=60"#);
/// assert_eq!(refused.headers()["ratelimit"], r#""login";r=0;t=60"#);
/// # }
/// ```
///
/// # Several rules
/// A request is allowed if every [`Rule`] that applies to it has room, and then each counts it; otherwise none does. They are
/// decided together, in one round trip where the limiter has a server. `reasons` of the refusal names the rules that refused.
///
/// # Order
/// Outermost, so that floods cost nothing; but inside the [`AuthnLayer`](portcullis_core::AuthnLayer) where it counts
/// [by user](crate::by_user). All clones of the service share the limiter's state: axum may clone a layered service as it likes.
///
/// # Failure
/// If the limiter cannot decide, requests are refused with 503, unless [`fail_open`](Self::fail_open) says otherwise.
///
/// # Deployment
/// Behind a reverse proxy, name it as trusted: otherwise all clients share the proxy's address, and one bucket. In memory each
/// process counts for itself: N processes allow N times the quota.
#[derive(Clone)]
#[must_use]
pub struct RateLimitLayer {
    judge: Judge,
}

impl RateLimitLayer {
    /// Holds requests to one quota, or to one [`Rule`]. Unless [`by`](Self::by) says by what, all are counted together.
    pub fn new(limiter: impl Limiter, rule: impl Into<Rule>) -> Self {
        let judge = Judge {
            limiter: Arc::new(limiter),
            rules: vec![rule.into()],
            manner: Manner::default(),
            renderer: None,
        };
        Self { judge }
    }

    /// Adds a rule. What is said after it (`by`, `cost` and so on) is about this rule.
    pub fn rule(mut self, rule: impl Into<Rule>) -> Self {
        self.judge.rules.push(rule.into());
        self
    }

    /// Counts the last rule's requests by this; see [`Rule::by`].
    pub fn by(self, key: impl KeySource) -> Self {
        self.last_rule(|rule| rule.by(key))
    }

    /// Counts the last rule's requests by this as well; see [`Rule::and_by`].
    pub fn and_by(self, key: impl KeySource) -> Self {
        self.last_rule(|rule| rule.and_by(key))
    }

    /// Says what a request costs under the last rule; see [`Rule::cost`].
    pub fn cost(self, cost: impl Fn(&Parts) -> u32 + Send + Sync + 'static) -> Self {
        self.last_rule(|rule| rule.cost(cost))
    }

    /// Leaves requests out of the last rule; see [`Rule::unless`].
    pub fn unless(self, exempt: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.last_rule(|rule| rule.unless(exempt))
    }

    /// Lets requests pass when the limiter cannot decide about the last rule; see [`Rule::fail_open`].
    pub fn fail_open(self) -> Self {
        self.last_rule(Rule::fail_open)
    }

    /// Only counts and reports under the last rule; see [`Rule::shadow`].
    pub fn shadow(self) -> Self {
        self.last_rule(Rule::shadow)
    }

    /// Sends `RateLimit-Policy` and `RateLimit` with every response; with refusals alone unless said.
    pub fn headers_on_every_response(mut self) -> Self {
        self.judge.manner.on_allowed = true;
        self
    }

    /// Sends `X-RateLimit-Limit`, `-Remaining` and `-Reset` (in seconds from now) as well, about the tightest rule.
    pub fn legacy_headers(mut self) -> Self {
        self.judge.manner.legacy = true;
        self
    }

    /// Replaces the renderer: that of the [`AuthnLayer`](portcullis_core::AuthnLayer) outside, or
    /// [`DefaultRenderer`](portcullis_core::DefaultRenderer).
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.judge.renderer = Some(Arc::new(renderer));
        self
    }

    fn last_rule(mut self, change: impl FnOnce(Rule) -> Rule) -> Self {
        self.judge.rules = {
            let mut rules = self.judge.rules;
            let last = rules.pop().map(change);
            rules.extend(last);
            rules
        };
        self
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let mut judge = self.judge.clone();
        judge.manner.describe(&judge.rules);
        RateLimit::new(inner, Arc::new(judge))
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer")
            .field("limiter", &self.judge.limiter)
            .field("rules", &self.judge.rules)
            .finish_non_exhaustive()
    }
}
