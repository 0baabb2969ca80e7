use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portcullis_core::ResponseBody;
use tower_layer::Layer;
use tower_service::Service;

use super::dispatch::Dispatch;
use super::outside::{self, AsOutside};
use crate::Accounts;
use crate::layer::{AccountsAuthn, X_REQUEST_ID, known_or_new};

/// The accounts as a service: the endpoints of the API, for any request body, mountable wherever tower is spoken.
///
#[doc = include_str!("../../docs/http.md")]
#[derive(Clone)]
#[must_use]
pub struct AccountsService {
    accounts: Accounts,
    inner: AccountsAuthn<Dispatch>,
    prefix: Arc<str>,
}

/// The future of an [`AccountsService`].
pub type AccountsFuture =
    Pin<Box<dyn Future<Output = Result<Response<ResponseBody<Full<Bytes>>>, Infallible>> + Send>>;

impl Accounts {
    /// The accounts over HTTP. It finds out by itself who is calling, unless a layer outside it ([`Accounts::authn`]) has.
    ///
    /// With axum: `Router::new().nest_service("/api", accounts.service())`. Where nothing strips the prefix, say
    /// [`mounted_at`](AccountsService::mounted_at).
    pub fn service(&self) -> AccountsService {
        AccountsService {
            accounts: self.clone(),
            inner: served(self, "".into()),
            prefix: "".into(),
        }
    }
}

impl AccountsService {
    /// Under which prefix the service is mounted, such as `/api`. It is taken off the paths of requests that have it still, and
    /// told in the OpenAPI document.
    pub fn mounted_at(mut self, prefix: &str) -> Self {
        self.prefix = prefix.trim_end_matches('/').into();
        self.inner = served(&self.accounts, Arc::clone(&self.prefix));
        self
    }
}

fn served(accounts: &Accounts, prefix: Arc<str>) -> AccountsAuthn<Dispatch> {
    let layer = accounts.authn().renderer(AsOutside);
    layer.layer(Dispatch::new(accounts.clone(), prefix))
}

impl<B> Service<Request<B>> for AccountsService
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ResponseBody<Full<Bytes>>>;
    type Error = Infallible;
    type Future = AccountsFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> AccountsFuture {
        let known = request.headers().get(X_REQUEST_ID).cloned();
        let id = known_or_new(known, &self.accounts.inner.clock);
        if let Some(id) = &id {
            request.headers_mut().insert(X_REQUEST_ID, id.clone());
        }
        outside::keep(request.extensions_mut());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if let Some(id) = id {
                response.headers_mut().insert(X_REQUEST_ID, id);
            }
            Ok(response)
        })
    }
}

impl fmt::Debug for AccountsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountsService")
            .field("accounts", &self.accounts)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
