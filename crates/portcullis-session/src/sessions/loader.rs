use std::future::Future;

use async_trait::async_trait;
use portcullis_core::{AuthUserBuilder, Denial};

use crate::AuthRecord;

/// Looks a user up on each request, so that what the session remembers is only who it is.
///
/// It is given the login and a user made of it, and completes that user with what holds *now*: roles, permissions, the
/// application's own record. A closure will do:
///
/// ```
/// use portcullis_core::{AuthUserBuilder, Denial};
/// use portcullis_session::{AuthRecord, Sessions};
///
/// let sessions = Sessions::new().with_user_loader(|login: AuthRecord, user: AuthUserBuilder| async move {
///     // … ask the database for login.user() …
///     let banned = login.user() == "mallory";
///     Ok::<_, Denial>((!banned).then(|| user.roles(["user"])))
/// });
/// ```
#[async_trait]
pub trait UserLoader: Send + Sync + 'static {
    /// Completes the user, or says `None` where there is no such user any more, or one who may not come in: the login then
    /// counts for nothing, and the request comes from nobody.
    ///
    /// # Errors
    ///
    /// [`Denial::unavailable`] where the store does not answer, or whatever refusal the application wants.
    async fn load(
        &self,
        login: &AuthRecord,
        user: AuthUserBuilder,
    ) -> Result<Option<AuthUserBuilder>, Denial>;
}

#[async_trait]
impl<F, Fut> UserLoader for F
where
    F: Fn(AuthRecord, AuthUserBuilder) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<AuthUserBuilder>, Denial>> + Send + 'static,
{
    async fn load(
        &self,
        login: &AuthRecord,
        user: AuthUserBuilder,
    ) -> Result<Option<AuthUserBuilder>, Denial> {
        self(login.clone(), user).await
    }
}
