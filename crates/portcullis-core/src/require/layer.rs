use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use tower_layer::Layer;

use super::service::Require;
use crate::{Policy, Tenant};

/// Lets only those requests through whose caller satisfies the policy.
///
/// It reads what the [`AuthnLayer`](crate::AuthnLayer) outside it has written: nobody gets 401 with the application's
/// challenges, a caller who falls short gets the policy's denial (403, or 401 where logging in again would help), and where no
/// `AuthnLayer` stands outside, the answer is 500 and an error event that names the mend.
///
/// ```
/// use portcullis_core::{authenticated, permission, require, role};
///
/// let editors = require(role("editor").or(permission("posts:write")));
/// let anybody_known = require(authenticated());
/// ```
pub fn require(policy: Policy) -> RequireLayer {
    RequireLayer {
        policy,
        tenant: None,
    }
}

/// The layer that [`require`] makes.
#[derive(Clone)]
#[must_use]
pub struct RequireLayer {
    policy: Policy,
    tenant: Option<TenantOf>,
}

pub(super) type TenantOf = Arc<dyn Fn(&Parts) -> Option<Tenant> + Send + Sync>;

impl RequireLayer {
    /// Judges the caller by the roles held within the tenant that the request is about, in addition to those held everywhere.
    ///
    /// The closure reads the tenant from the path or from the request's extensions. Where it finds none, only the roles held
    /// everywhere count.
    pub fn within(
        mut self,
        tenant: impl Fn(&Parts) -> Option<Tenant> + Send + Sync + 'static,
    ) -> Self {
        self.tenant = Some(Arc::new(tenant));
        self
    }

    /// The policy, as data.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl fmt::Debug for RequireLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireLayer")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Require::new(inner, self.policy.clone(), self.tenant.clone())
    }
}
