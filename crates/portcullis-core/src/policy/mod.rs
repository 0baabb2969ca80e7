//! What a caller must be or have.

mod describe;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::name_set::Name;
use crate::{AuthUser, Denial, SchemeName, SharedClock, SystemClock};

/// What a caller must be or have, as a value.
///
/// The same value serves as a layer ([`require`](crate::require)), as a call ([`AuthUser::require`]) and as data: it can be
/// displayed, written as JSON, and asked for the scopes that it mentions, for OpenAPI.
///
/// ```
/// use std::time::Duration;
/// use portcullis_core::{AuthUser, SchemeName, fresh, mfa, role, scope};
///
/// let policy = role("admin").and(mfa().or(fresh(Duration::from_secs(600))));
/// assert_eq!(policy.to_string(), "role admin and (mfa or fresh 600s)");
///
/// let user = AuthUser::builder(SchemeName::JWT, "u1").roles(["user"]).build();
/// assert_eq!(user.require(&policy).unwrap_err().code(), "forbidden");
/// assert!(user.require(&scope("write")).is_ok(), "the credential is not restricted");
/// ```
///
/// A policy is about somebody: nobody is refused with 401 before any policy is asked.
#[derive(Clone)]
pub struct Policy {
    node: Arc<Node>,
}

#[derive(Clone)]
enum Node {
    Authenticated,
    Scope(Name),
    Role(Name),
    Permission(Name),
    Fresh {
        within: Duration,
        clock: SharedClock,
    },
    Mfa,
    Verified,
    Scheme(SchemeName),
    All(Vec<Policy>),
    Any(Vec<Policy>),
    Not(Policy),
    Custom {
        name: Box<str>,
        test: Arc<dyn Fn(&AuthUser) -> bool + Send + Sync>,
    },
}

/// Anybody who is known.
#[must_use]
pub fn authenticated() -> Policy {
    Node::Authenticated.into()
}

/// A credential that reaches this scope, or one that is not restricted at all; else 403 `insufficient_scope`.
///
/// It speaks of the *credential* alone: put a [`permission`] or [`role`] beside it where not every user may.
#[must_use]
pub fn scope(scope: &str) -> Policy {
    Node::Scope(Name::new(scope)).into()
}

/// A user with this role, by itself or included in another; else 403 `forbidden`.
#[must_use]
pub fn role(role: &str) -> Policy {
    Node::Role(Name::new(role)).into()
}

/// A user with this permission, with a credential that reaches it; else 403: `insufficient_scope` where only the credential
/// falls short, `forbidden` otherwise.
#[must_use]
pub fn permission(permission: &str) -> Policy {
    Node::Permission(Name::new(permission)).into()
}

/// A user who proved who they are within this time; else 401 `reauthentication_required`. Who never did, as with an API key,
/// is not fresh.
#[must_use]
pub fn fresh(within: Duration) -> Policy {
    Node::Fresh {
        within,
        clock: SystemClock::shared(),
    }
    .into()
}

/// A user who proved more than one factor; else 403 `mfa_required`.
#[must_use]
pub fn mfa() -> Policy {
    Node::Mfa.into()
}

/// A user whose e-mail address is verified; else 403 `email_not_verified`.
#[must_use]
pub fn verified() -> Policy {
    Node::Verified.into()
}

/// A user who came by this scheme; else 403 `scheme_not_allowed`.
#[must_use]
pub fn scheme(scheme: impl Into<SchemeName>) -> Policy {
    Node::Scheme(scheme.into()).into()
}

/// All of these. An empty list denies: a forgotten list must not open a door.
#[must_use]
pub fn all_of(policies: impl IntoIterator<Item = Policy>) -> Policy {
    Node::All(policies.into_iter().collect()).into()
}

/// At least one of these. An empty list denies. The denial is that of the first.
#[must_use]
pub fn any_of(policies: impl IntoIterator<Item = Policy>) -> Policy {
    Node::Any(policies.into_iter().collect()).into()
}

/// A test of the application's own, with the name that it goes by in descriptions; else 403 `forbidden`.
#[must_use]
pub fn custom(name: &str, test: impl Fn(&AuthUser) -> bool + Send + Sync + 'static) -> Policy {
    Node::Custom {
        name: name.into(),
        test: Arc::new(test),
    }
    .into()
}

impl From<Node> for Policy {
    fn from(node: Node) -> Self {
        Self {
            node: Arc::new(node),
        }
    }
}

impl Policy {
    /// Both this and another.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        all_of([self, other])
    }

    /// This or another; the denial is that of the first.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        any_of([self, other])
    }

    /// Anybody known who does *not* satisfy this; else 403 `forbidden`. The opposite of an empty list is anybody known.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "it reads like `and` and `or`"
    )]
    pub fn not(self) -> Self {
        Node::Not(self).into()
    }

    /// The same policy with another clock to judge [`fresh`] by, throughout.
    #[must_use]
    pub fn with_clock(&self, clock: &SharedClock) -> Self {
        let with_clock = |policies: &[Self]| {
            policies
                .iter()
                .map(|policy| policy.with_clock(clock))
                .collect()
        };
        match &*self.node {
            Node::Fresh { within, .. } => Node::Fresh {
                within: *within,
                clock: Arc::clone(clock),
            }
            .into(),
            Node::All(policies) => Node::All(with_clock(policies)).into(),
            Node::Any(policies) => Node::Any(with_clock(policies)).into(),
            Node::Not(policy) => Node::Not(policy.with_clock(clock)).into(),
            _ => self.clone(),
        }
    }

    /// Decides.
    ///
    /// # Errors
    ///
    /// The denial that each requirement names: 403, and 401 `reauthentication_required` where logging in again would help.
    pub fn check(&self, user: &AuthUser) -> Result<(), Denial> {
        match self.is_satisfied_by(user) {
            true => Ok(()),
            false => Err(self.denial(user)),
        }
    }

    /// Whether the user satisfies the policy.
    #[must_use]
    pub fn is_satisfied_by(&self, user: &AuthUser) -> bool {
        match &*self.node {
            Node::Authenticated => true,
            Node::Scope(scope) => user.allows_name(scope),
            Node::Role(role) => user.has_role_name(role),
            Node::Permission(permission) => user.may_name(permission),
            Node::Fresh { within, clock } => is_fresh(user, *within, clock),
            Node::Mfa => user.is_multi_factor(),
            Node::Verified => user.is_verified(),
            Node::Scheme(scheme) => user.scheme() == scheme,
            Node::All(policies) => {
                !policies.is_empty() && policies.iter().all(|policy| policy.is_satisfied_by(user))
            }
            Node::Any(policies) => policies.iter().any(|policy| policy.is_satisfied_by(user)),
            Node::Not(policy) => !policy.is_satisfied_by(user),
            Node::Custom { test, .. } => test(user),
        }
    }

    /// The denial for a user who does not satisfy the policy.
    fn denial(&self, user: &AuthUser) -> Denial {
        match &*self.node {
            Node::Scope(scope) => Denial::insufficient_scope(scope.as_str()),
            Node::Permission(permission) if user.has_permission_name(permission) => {
                Denial::insufficient_scope(permission.as_str())
            }
            Node::Fresh { within, .. } => Denial::reauthentication_required(*within),
            Node::Mfa => forbidden("mfa_required", "this needs a login with a second factor"),
            Node::Verified => {
                forbidden("email_not_verified", "this needs a verified e-mail address")
            }
            Node::Scheme(scheme) => forbidden(
                "scheme_not_allowed",
                format!("this needs a credential of scheme {scheme}"),
            ),
            Node::All(policies) => first_denial(
                policies
                    .iter()
                    .filter(|policy| !policy.is_satisfied_by(user)),
                user,
            ),
            Node::Any(policies) => first_denial(policies.iter(), user),
            _ => Denial::forbidden(),
        }
    }
}

fn first_denial<'a>(mut failed: impl Iterator<Item = &'a Policy>, user: &AuthUser) -> Denial {
    failed
        .next()
        .map_or_else(Denial::forbidden, |policy| policy.denial(user))
}

fn forbidden(code: &'static str, detail: impl Into<std::borrow::Cow<'static, str>>) -> Denial {
    Denial::new(StatusCode::FORBIDDEN, code).with_detail(detail)
}

/// A login in the future is not fresh: the clock was set, or somebody lies.
fn is_fresh(user: &AuthUser, within: Duration, clock: &SharedClock) -> bool {
    let now = clock.now();
    let leeway = Duration::from_secs(60);
    user.authenticated_at().is_some_and(|at| {
        at <= now.saturating_add(leeway) && now.saturating_duration_since(at) <= within
    })
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({self})")
    }
}
