use portcullis_core::{Authn, AuthnLayer, Renderer, UserIdInLogs};
use portcullis_session::{Renewal, RenewalLayer};
use tower_layer::Layer;

/// The layer that finds out who is calling, by the credentials of [`Accounts`](crate::Accounts): an
/// [`AuthnLayer`] with the three schemes, and what renews the cookies of remembered logins.
#[derive(Debug, Clone)]
#[must_use]
pub struct AccountsLayer {
    authn: AuthnLayer,
    renewal: RenewalLayer,
}

impl AccountsLayer {
    pub(crate) fn new(authn: AuthnLayer, renewal: RenewalLayer) -> Self {
        Self { authn, renewal }
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
    type Service = Renewal<Authn<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        self.renewal.layer(self.authn.layer(inner))
    }
}
