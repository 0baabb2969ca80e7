mod service;

use portcullis_core::{AuthnLayer, Renderer, SharedClock, UserIdInLogs};
use portcullis_session::RenewalLayer;
use tower_layer::Layer;

pub use self::service::{AccountsAuthn, AccountsAuthnFuture};
pub(crate) use self::service::{X_REQUEST_ID, known_or_new};

/// The layer that finds out who is calling, by the credentials of [`Accounts`](crate::Accounts): an
/// [`AuthnLayer`] with the three schemes, and what renews the cookies of remembered logins. Refusals have an `X-Request-Id`: the
/// request's own where it is a sound one, or a new one.
#[derive(Debug, Clone)]
#[must_use]
pub struct AccountsLayer {
    authn: AuthnLayer,
    renewal: RenewalLayer,
    clock: SharedClock,
}

impl AccountsLayer {
    pub(crate) fn new(authn: AuthnLayer, renewal: RenewalLayer, clock: SharedClock) -> Self {
        Self {
            authn,
            renewal,
            clock,
        }
    }

    /// Refuses requests without a credential; see [`AuthnLayer::required`].
    pub fn required(mut self) -> Self {
        self.authn = self.authn.required();
        self
    }

    /// Replaces the renderer; see [`AuthnLayer::renderer`].
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.authn = self.authn.renderer(renderer);
        self
    }

    /// Says how user ids are written to logs; see [`AuthnLayer::user_id_in_logs`].
    pub fn user_id_in_logs(mut self, how: UserIdInLogs) -> Self {
        self.authn = self.authn.user_id_in_logs(how);
        self
    }
}

impl<S> Layer<S> for AccountsLayer {
    type Service = AccountsAuthn<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AccountsAuthn::new(
            self.renewal.layer(self.authn.layer(inner)),
            self.clock.clone(),
        )
    }
}
