use std::sync::Arc;

use http::{Extensions, HeaderValue};

use crate::render::DefaultRenderer;
use crate::{AuthUser, Denial, Renderer};

/// What an [`AuthnLayer`](crate::AuthnLayer) leaves in a request's extensions: who is calling, or nobody, and how this
/// application challenges and refuses.
///
/// Guards and extractors read it. That it is there at all is the proof that a layer has looked.
#[derive(Debug, Clone)]
pub struct AuthContext {
    user: Option<AuthUser>,
    manner: Arc<Manner>,
}

/// How an application refuses: the same for all requests.
#[derive(Debug)]
pub(crate) struct Manner {
    pub(crate) challenges: Vec<HeaderValue>,
    pub(crate) renderer: Arc<dyn Renderer>,
    /// Whether the application chose the renderer, and so what handlers refuse is to be written down anew.
    pub(crate) has_own_renderer: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            challenges: vec![HeaderValue::from_static("Bearer")],
            renderer: Arc::new(DefaultRenderer),
            has_own_renderer: false,
        }
    }
}

impl AuthContext {
    /// A context made by hand, for tests and for gateways that identify callers before any layer of ours: the default
    /// renderer, and the challenge `Bearer`.
    #[must_use]
    pub fn new(user: Option<AuthUser>) -> Self {
        Self {
            user,
            manner: Arc::default(),
        }
    }

    pub(crate) fn with_manner(user: Option<AuthUser>, manner: Arc<Manner>) -> Self {
        Self { user, manner }
    }

    /// The context of a request.
    ///
    /// # Errors
    ///
    /// 500 `misconfigured` where no [`AuthnLayer`](crate::AuthnLayer) stands outside; the mend is logged.
    pub fn of(extensions: &Extensions) -> Result<&Self, Denial> {
        extensions.get::<Self>().ok_or_else(|| {
            Denial::misconfigured(
                "no AuthnLayer stands outside this guard or handler: add `.layer(AuthnLayer::new().scheme(…))` outside it \
                 (with axum's Router, a later `.layer` call is further outside)",
            )
        })
    }

    /// Who is calling, or nobody.
    #[must_use]
    pub fn user(&self) -> Option<&AuthUser> {
        self.user.as_ref()
    }

    /// Who is calling.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated` with this application's challenges, for nobody.
    pub fn require_user(&self) -> Result<&AuthUser, Denial> {
        self.user()
            .ok_or_else(|| self.complete(Denial::unauthenticated()))
    }

    /// The challenges that a 401 of this application carries.
    #[must_use]
    pub fn challenges(&self) -> &[HeaderValue] {
        &self.manner.challenges
    }

    /// What turns this application's refusals into responses.
    #[must_use]
    pub fn renderer(&self) -> &dyn Renderer {
        &*self.manner.renderer
    }

    /// Puts this context, and the user if there is one, into a request's extensions, where guards and extractors look. For
    /// nobody, a user who is there from elsewhere is taken out.
    pub fn insert_into(self, extensions: &mut Extensions) {
        match &self.user {
            Some(user) => extensions.insert(user.clone()),
            None => extensions.remove::<AuthUser>(),
        };
        extensions.insert(self);
    }

    pub(crate) fn complete(&self, denial: Denial) -> Denial {
        denial.or_challenges(self.challenges())
    }
}
