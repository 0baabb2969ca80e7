//! Passwords: made into hashes, compared, judged.

use http::StatusCode;
use portcullis_core::Denial;
use portcullis_password::{
    BreachOutcome, HashError, HashErrorKind, Password, PolicyContext, Verification, WeakPassword,
};

use crate::audit::Entry;
use crate::model::{AuditKind, StoredPassword, User, UserRef};
use crate::store::{Change, UserUpdate};
use crate::users::Users;

/// 422 `weak_password` with all the reasons.
pub(super) fn weak(weak: &WeakPassword) -> Denial {
    let denial = Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password")
        .with_detail(weak.to_string());
    weak.codes().into_iter().fold(denial, |denial, code| {
        denial.with_reason(code).with_field("password", code)
    })
}

/// 503 `busy` with the time to come back, or 503 `unavailable`; a password that the algorithm cannot take is weak.
pub(super) fn hashing_failed(error: &HashError) -> Denial {
    match error.kind() {
        HashErrorKind::Busy => {
            let wait = error
                .retry_after()
                .unwrap_or(std::time::Duration::from_secs(1));
            Denial::new(StatusCode::SERVICE_UNAVAILABLE, "busy")
                .with_detail("too many passwords are being hashed")
                .with_retry_after(wait)
        }
        HashErrorKind::PasswordTooLong | HashErrorKind::NulByte => {
            Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password")
                .with_detail(error.to_string())
                .with_reason("length")
                .with_field("password", "length")
        }
        _ => {
            tracing::error!(%error, "a password could not be hashed");
            Denial::unavailable()
        }
    }
}

/// A password could not be looked up among those that are known from breaches; it passes (AC-H9).
pub(super) fn breach_source_silent() -> Entry {
    Entry::failure(AuditKind::PasswordCheckUnavailable, "breach_source")
}

/// What came of comparing a password.
pub(super) enum Compared {
    Wrong,
    Right { needs_rehash: bool },
}

/// What cannot be compared now is 503; what never can be is wrong. A password that the hash's algorithm does not take is no fault of
/// the hash, which is otherwise for somebody to look at.
fn not_comparable(error: &HashError, user: Option<&UserRef>) -> Result<Compared, Denial> {
    match error.kind() {
        HashErrorKind::Busy | HashErrorKind::Unavailable => return Err(hashing_failed(error)),
        HashErrorKind::PasswordTooLong | HashErrorKind::NulByte => {}
        _ => tracing::error!(
            ?user,
            code = error.code(),
            "a stored hash cannot be verified"
        ),
    }
    Ok(Compared::Wrong)
}

impl Users {
    /// Judges a new password by the policy (AC-P4), with what is known of its owner, and hashes it.
    pub(super) async fn new_password(
        &self,
        text: &str,
        owner: &PolicyContext,
    ) -> Result<StoredPassword, Denial> {
        let password = Password::new(text).map_err(|error| weak(&error.into()))?;
        let outcome = self.breach_outcome(&password).await;
        if outcome == BreachOutcome::Unknown {
            self.record(breach_source_silent()).await?;
        }
        let context = owner.clone().breach(outcome);
        self.realm
            .policy
            .check(&password, &context)
            .map_err(|error| weak(&error))?;
        self.hash(password).await
    }

    /// Hashes a password that was judged.
    pub(super) async fn hash(&self, password: Password) -> Result<StoredPassword, Denial> {
        let hash = self
            .inner
            .pool
            .hash(password)
            .await
            .map_err(|error| hashing_failed(&error))?;
        Ok(StoredPassword::new(hash.into_string()))
    }

    pub(super) async fn breach_outcome(&self, password: &Password) -> BreachOutcome {
        match &self.inner.breached {
            Some(breached) => breached.check(password).await,
            None => BreachOutcome::NotFound,
        }
    }

    /// Compares a password with what an account has; for none, and for an account without a password, the same work is done
    /// (AC-H7). Each call costs one hash, whatever it says.
    pub(super) async fn compare(
        &self,
        password: &str,
        user: Option<&User>,
    ) -> Result<Compared, Denial> {
        let stored = user.and_then(|user| user.password.as_ref());
        // What is too long for anybody's password is compared as if it were empty: as slow, and never right.
        let (password, stored) = match Password::new(password) {
            Ok(password) => (password, stored),
            Err(_) => (Password::new("").map_err(|_| Denial::unavailable())?, None),
        };
        let owner = user.map(User::reference);
        let Some(stored) = stored else {
            let done = self.inner.pool.verify_dummy(password).await;
            return done
                .map(|()| Compared::Wrong)
                .map_err(|error| hashing_failed(&error));
        };
        match self.inner.pool.verify(password, stored.expose()).await {
            Ok(Verification::Match { needs_rehash }) => Ok(Compared::Right { needs_rehash }),
            Ok(Verification::Mismatch) => Ok(Compared::Wrong),
            Err(error) => not_comparable(&error, owner.as_ref()),
        }
    }

    /// Replaces a hash by one with today's parameters, if it is still the same one. The login that found it out succeeds in any
    /// case (AC-H5).
    pub(super) async fn rehash(&self, user: &mut User, password: &str) {
        if let Err(denial) = self.try_rehash(user, password).await {
            tracing::warn!(user = ?user.reference(), %denial, "a password was not hashed anew");
        }
    }

    async fn try_rehash(&self, user: &mut User, password: &str) -> Result<(), Denial> {
        let password = Password::new(password).map_err(|error| weak(&error.into()))?;
        let hash = self.hash(password).await?;
        let mut update = UserUpdate::new(user.reference(), self.now());
        update.if_password = Some(user.password.clone());
        update.password = Some(Some(hash.clone()));
        let audit = self.audit(Entry::success(AuditKind::PasswordRehashed).by(user))?;
        self.commit(vec![Change::UpdateUser(Box::new(update)), audit])
            .await?;
        user.password = Some(hash);
        Ok(())
    }

    /// What a policy may know of an account.
    #[expect(
        clippy::unused_self,
        reason = "it reads like the others where it is called"
    )]
    pub(super) fn policy_context(&self, user: &User) -> PolicyContext {
        let name = user.profile.get("name").and_then(|name| name.as_str());
        let context = PolicyContext::new().identifier(user.email.as_str());
        match name {
            Some(name) => context.identifier(name),
            None => context,
        }
    }
}
