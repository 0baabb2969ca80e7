use std::sync::Arc;

use http::HeaderValue;
use tower_layer::Layer;

use super::identify::Identify;
use super::service::Authn;
use crate::context::Manner;
use crate::{Renderer, Scheme, UserIdInLogs};

/// Finds out who is calling.
///
/// It asks its schemes in order and writes an [`AuthContext`](crate::AuthContext), and the [`AuthUser`](crate::AuthUser) if
/// there is one, into the request's extensions. Identifying is all it does: what callers may do is for the guards inside it
/// (see [`require`](crate::require)).
///
/// - No credential: the request goes on, and nobody is calling; with [`required`](Self::required), 401.
/// - A broken credential: 401 at once. It is never taken for "nobody", and no other scheme is asked.
/// - A store that does not answer: 503.
/// - An explicit credential (a header) wins over a cookie, which browsers send unasked. Two explicit ones: 400.
/// - An identity that a layer further outside has found already is left alone.
///
/// The layer is generic over both bodies, leaves the service's error type as it is, and needs of the service only that it can
/// be cloned (for schemes that must wait for a store).
#[derive(Debug, Clone)]
#[must_use]
pub struct AuthnLayer {
    schemes: Vec<Arc<dyn Scheme>>,
    renderer: Option<Arc<dyn Renderer>>,
    required: bool,
    user_id_in_logs: UserIdInLogs,
}

impl Default for AuthnLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl AuthnLayer {
    /// A layer without schemes: everybody is nobody until one is added.
    pub fn new() -> Self {
        Self {
            schemes: Vec::new(),
            renderer: None,
            required: false,
            user_id_in_logs: UserIdInLogs::default(),
        }
    }

    /// Adds a scheme; schemes are asked in the order in which they were added.
    pub fn scheme(mut self, scheme: impl Scheme) -> Self {
        self.schemes.push(Arc::new(scheme));
        self
    }

    /// Adds a scheme that is shared with other layers.
    pub fn shared_scheme(mut self, scheme: Arc<dyn Scheme>) -> Self {
        self.schemes.push(scheme);
        self
    }

    /// Refuses requests without a credential: 401 `unauthenticated`.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Replaces [`DefaultRenderer`](crate::DefaultRenderer), for this layer, for the guards and extractors inside it, and for
    /// denials that handlers return.
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Some(Arc::new(renderer));
        self
    }

    /// Says how user ids are written to logs; as they are unless said.
    pub fn user_id_in_logs(mut self, how: UserIdInLogs) -> Self {
        self.user_id_in_logs = how;
        self
    }

    /// A 401 always has a challenge (RFC 9110 §15.5.2), even where no scheme has one of its own.
    fn challenges(&self) -> Vec<HeaderValue> {
        let mut challenges: Vec<HeaderValue> = Vec::new();
        for challenge in self.schemes.iter().filter_map(|scheme| scheme.challenge()) {
            if !challenges.contains(&challenge) {
                challenges.push(challenge);
            }
        }
        match challenges.is_empty() {
            true => Manner::default().challenges,
            false => challenges,
        }
    }
}

impl<S> Layer<S> for AuthnLayer {
    type Service = Authn<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let manner = Manner {
            challenges: self.challenges(),
            has_own_renderer: self.renderer.is_some(),
            renderer: self
                .renderer
                .clone()
                .unwrap_or_else(|| Manner::default().renderer),
        };
        let identify = Identify {
            schemes: self.schemes.clone(),
            manner: Arc::new(manner),
            required: self.required,
            user_id_in_logs: self.user_id_in_logs.clone(),
        };
        Authn::new(inner, Arc::new(identify))
    }
}
