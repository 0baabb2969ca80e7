use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, StatusCode, response};
use portcullis_core::{ClientAddress, Denial, Renderer};
use tower_layer::Layer;

use super::guard::{Attempted, Guard, judge_denials, judge_statuses};
use super::lockout::Lockout;
use super::service::LockoutService;

/// Guards a login, or anything like it, against guessing: it counts the refusals that pass through it, and answers in place of
/// the service once there are too many.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use portcullis_core::{Denial, DefaultRenderer, PeerAddress, Renderer, ResponseBody, TrustedProxies, client_address};
/// use portcullis_limit::{Lockout, LockoutLayer, MemoryLockouts};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let wrong = || Denial::invalid_credential("invalid_credentials").with_detail("wrong name or password");
/// let lockout = LockoutLayer::new(Lockout::new(MemoryLockouts::new(), "password"), client_address(TrustedProxies::none()))
///     .account(|request| Some(request.headers.get("x-login")?.to_str().ok()?.to_owned()))
///     .denial(wrong());
///
/// // A service that knows no password.
/// let login = service_fn(move |request: Request<()>| async move {
///     let (head, ()) = request.into_parts();
///     let renderer: &dyn Renderer = &DefaultRenderer;
///     Ok::<_, std::convert::Infallible>(ResponseBody::<String>::refuse(renderer.refuse(wrong(), &head)))
/// });
/// let service = ServiceBuilder::new().layer(lockout).service(login);
/// let guess = || Request::builder().header("x-login", "alice").body(()).unwrap();
/// for _ in 0..10 {
///     // From the sixth on, the service is not called; the answers are the same.
///     assert_eq!(service.clone().oneshot(guess()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
/// }
/// # }
/// ```
///
/// # What counts
/// A [`Denial`] in the response's extensions with status 401, but for `unauthenticated` and `reauthentication_required`, has
/// failed; a 2xx without a denial has succeeded; anything else, such as a malformed request, a redirect or an error, is
/// neither. [`count_plain_refusals`](Self::count_plain_refusals) adds responses that carry no denial; [`judge`](Self::judge)
/// takes a closure, for a login form that answers with redirects.
///
/// # Order
/// Right outside the login, inside the [`RateLimitLayer`](crate::RateLimitLayer). Around a whole application it would count
/// every expired token.
///
/// # Concurrency
/// Each request is counted before the service is called, and taken back afterwards if it has not failed. However many guesses
/// come at once, no more of them than the steps allow reach the service. A request whose client hangs up stays counted.
///
/// # Failure
/// If the store cannot decide: 503.
#[derive(Clone)]
#[must_use]
pub struct LockoutLayer {
    guard: Guard,
}

impl LockoutLayer {
    /// Counts by the client's address alone, until [`account`](Self::account) or
    /// [`account_from_response`](Self::account_from_response) says more. See [`Lockout`] for the counters.
    pub fn new(lockout: Lockout, address: ClientAddress) -> Self {
        let guard = Guard {
            lockout,
            address,
            account: None,
            learns_account: false,
            is_known_device: None,
            judge: Arc::new(judge_denials),
            denial: Denial::new(StatusCode::UNAUTHORIZED, "invalid_credentials")
                .with_detail("the credentials are wrong")
                .with_challenge(HeaderValue::from_static("Bearer")),
            renderer: None,
        };
        Self { guard }
    }

    /// Says which account a request tries, judged by its head: by a header, the path, or what an outer layer has left in the
    /// extensions. It is [normalised](crate::normalize_identifier). `None` counts by the address alone.
    pub fn account(
        mut self,
        account: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.guard.account = Some(Arc::new(account));
        self
    }

    /// Learns the account from the service, which puts a [`LockoutKey`](crate::LockoutKey) into its response's extensions, for the
    /// login name usually stands in the body.
    ///
    /// Then only the address can be counted before the service is called. The answers for a locked account are replaced, right
    /// ones too, but the service has been asked: it should hand out nothing but by that answer. A service that can be changed
    /// calls [`Lockout::check`] itself, before it hashes.
    pub fn account_from_response(mut self) -> Self {
        self.guard.learns_account = true;
        self
    }

    /// Says which requests come from a device that the account's owner has used before; see
    /// [`Subject::known_device`](crate::Subject::known_device).
    pub fn known_device(
        mut self,
        is_known: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.guard.is_known_device = Some(Arc::new(is_known));
        self
    }

    /// The answer for a locked account: give the very denial that the service answers a wrong password with, so that nobody can
    /// tell the two apart. 401 `invalid_credentials` unless said. A locked *address* is answered with 429 and `Retry-After`.
    pub fn denial(mut self, denial: Denial) -> Self {
        self.guard.denial = denial;
        self
    }

    /// Counts responses with 401 or 403 (gRPC: 16 or 7) as failed, also those that carry no [`Denial`].
    pub fn count_plain_refusals(mut self) -> Self {
        self.guard.judge = Arc::new(judge_statuses);
        self
    }

    /// Replaces how responses are judged.
    pub fn judge(
        mut self,
        judge: impl Fn(&response::Parts) -> Attempted + Send + Sync + 'static,
    ) -> Self {
        self.guard.judge = Arc::new(judge);
        self
    }

    /// Replaces the renderer: that of the [`AuthnLayer`](portcullis_core::AuthnLayer) outside, or
    /// [`DefaultRenderer`](portcullis_core::DefaultRenderer).
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.guard.renderer = Some(Arc::new(renderer));
        self
    }
}

impl<S> Layer<S> for LockoutLayer {
    type Service = LockoutService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        LockoutService::new(inner, Arc::new(self.guard.clone()))
    }
}

impl fmt::Debug for LockoutLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockoutLayer")
            .field("guard", &self.guard)
            .finish()
    }
}
