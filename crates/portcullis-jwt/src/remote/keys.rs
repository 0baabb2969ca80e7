use std::fmt;
use std::future::ready;
use std::sync::Arc;

use portcullis_core::BoxFuture;

use super::origin::Origin;
use super::refresher::{Refresh, Refresher, Settings, wait};
use super::schedule::Waiting;
use super::{RemoteError, RemoteKeysBuilder};
use crate::{KeySet, KeySource, KeysUnavailable};

/// Keys from a JWKS URL or from an OpenID Connect issuer. Clones share the keys and their refreshes.
///
/// Making one needs no runtime and fetches nothing. The first request, or [`ready`](Self::ready), fetches; from then on the
/// requests keep the keys fresh. A refresh runs in a tokio task with time enabled, in the runtime of the request that noticed
/// that it is due; it takes at most the timeout, and ends at once when the last clone is dropped or after
/// [`shutdown`](Self::shutdown).
///
/// ```
/// use portcullis_jwt::remote::{FetchRequest, Fetched, RemoteKeys, fetch_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let fetch = fetch_fn(|request: FetchRequest| async move {
/// #     Ok(Fetched::new(match request.url.path() {
/// #         "/.well-known/openid-configuration" => {
/// #             r#"{"issuer": "https://login.example.com", "jwks_uri": "https://login.example.com/keys"}"#
/// #         }
/// #         _ => r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
/// #     }))
/// # });
/// let keys = RemoteKeys::oidc("https://login.example.com")
///     .fetch(fetch) // not needed with the feature `http-client`
///     .build()?;
/// keys.ready().await?; // to fail at the start rather than at the first request
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RemoteKeys {
    owner: Arc<Owner>,
}

/// What the application and its waiting requests hold, and a fetch under way does not: the last one out ends the fetch.
struct Owner {
    refresher: Arc<Refresher>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.refresher.shut_down();
    }
}

impl RemoteKeys {
    /// Keys from a JWK set (RFC 7517 §5) at this `https` URL.
    pub fn jwks(url: &str) -> RemoteKeysBuilder {
        RemoteKeysBuilder::jwks(url)
    }

    /// Keys of this OpenID Connect issuer, an `https` URL to the letter as it stands in `iss`. Its discovery document, below
    /// `/.well-known/openid-configuration`, says where the keys are, and must name the very same issuer.
    ///
    /// The verifier has to be told separately which `iss` to accept.
    pub fn oidc(issuer: &str) -> RemoteKeysBuilder {
        RemoteKeysBuilder::issuer(issuer)
    }

    pub(super) fn new(settings: Settings) -> Self {
        let refresher = Arc::new(Refresher::new(settings));
        Self {
            owner: Arc::new(Owner { refresher }),
        }
    }

    /// Waits until there are keys: fetches them if there are none, unless that was tried within the cool-down.
    ///
    /// # Errors
    ///
    /// Why there are none. Nothing is tried again: the requests will do that, or the next call after the cool-down.
    pub async fn ready(&self) -> Result<(), RemoteError> {
        if self.is_ready() {
            return Ok(());
        }
        let outcome = match self.owner.refresher.refresh() {
            Refresh::UnderWay(outcome) => wait(outcome).await,
            Refresh::NotNow(error) => Err(error),
        };
        match self.is_ready() {
            true => Ok(()),
            false => outcome,
        }
    }

    /// Whether there are keys that are trusted now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.current().is_empty()
    }

    /// The issuer, where the keys come from one.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        match self.owner.refresher.origin() {
            Origin::Jwks(_) => None,
            Origin::Issuer { issuer, .. } => Some(issuer),
        }
    }

    /// Ends the refresh that is under way, and all refreshing by this source and its clones. The keys that are there verify on
    /// until they are too old.
    pub fn shutdown(&self) {
        self.owner.refresher.shut_down();
    }

    /// A failure is no reason to refuse as long as the old keys are trusted.
    async fn look_again_after(self, outcome: Waiting) -> Result<(), KeysUnavailable> {
        let _ = wait(outcome).await;
        match self.is_ready() {
            true => Ok(()),
            false => Err(KeysUnavailable::new()),
        }
    }
}

impl KeySource for RemoteKeys {
    fn current(&self) -> KeySet {
        self.owner.refresher.keys()
    }

    fn epoch(&self) -> u64 {
        self.owner.refresher.epoch()
    }

    fn refresh_for_unknown_kid(
        &self,
        kid: Option<&str>,
    ) -> Option<BoxFuture<'static, Result<(), KeysUnavailable>>> {
        let keys = self.current();
        if kid.is_none() && keys.len() > 1 {
            return None;
        }
        let refresh = self.owner.refresher.refresh();
        // The key may have come between the caller's look and ours.
        if self.current().find(kid).is_some() {
            return Some(Box::pin(ready(Ok(()))));
        }
        match refresh {
            Refresh::UnderWay(outcome) => Some(Box::pin(self.clone().look_again_after(outcome))),
            Refresh::NotNow(_) if self.is_ready() => None,
            Refresh::NotNow(_) => Some(Box::pin(ready(Err(KeysUnavailable::new())))),
        }
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("url", self.owner.refresher.origin().url())
            .finish_non_exhaustive()
    }
}
