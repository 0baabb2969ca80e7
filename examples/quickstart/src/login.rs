//! Logging in and out by cookie.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use portcullis::limit::{Checked, LockedBy, Reservation, Subject};
use portcullis::password::{HashError, Password, Verification};
use portcullis::session::tower_sessions::Session;
use portcullis::{Client, Denial, Login};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::body::Body;
use crate::demo::{Demo, role_of};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credential {
    email: String,
    password: String,
    #[serde(default)]
    remember: bool,
}

/// `POST /api/users/login`: a session cookie for the right password; counted and locked before anything is hashed.
pub(crate) async fn login(
    State(demo): State<Demo>,
    Extension(client): Extension<Client>,
    session: Session,
    Body(credential): Body<Credential>,
) -> Result<Json<Value>, Denial> {
    let attempt = demo.count(client, &credential.email).await?;
    let judged = demo.judge(&credential.email, credential.password).await;
    demo.settle(attempt, &judged).await?;
    let role = judged?;
    let login = Login::new(credential.email.as_str())
        .roles([role])
        .remember(credential.remember)
        .amr(["pwd"]);
    demo.sessions.login(&session, login).await?;
    let user = json!({ "id": credential.email, "email": credential.email, "roles": [role] });
    Ok(Json(json!({ "user": user })))
}

impl Demo {
    /// Counts the attempt as failed before it is judged, so that many at once are no way around the lock.
    async fn count(&self, client: Client, email: &str) -> Result<Option<Reservation>, Denial> {
        let Some(lockout) = &self.lockout else {
            return Ok(None);
        };
        let subject = Subject::new(client).account(email);
        match lockout.check(&subject).await {
            Ok(Checked::Open(attempt)) => Ok(Some(attempt)),
            Ok(Checked::Locked(lock)) => Err(match lock.by {
                LockedBy::Address => Denial::rate_limited(lock.retry_after),
                // Nobody learns whether an account is locked, or is there at all.
                _ => wrong_credentials(),
            }),
            Err(_) => Err(Denial::unavailable()),
        }
    }

    async fn settle(
        &self,
        attempt: Option<Reservation>,
        judged: &Result<&'static str, Denial>,
    ) -> Result<(), Denial> {
        let (Some(lockout), Some(attempt)) = (&self.lockout, attempt) else {
            return Ok(());
        };
        let settled = match judged {
            Ok(_) => lockout.succeed(attempt).await,
            Err(denial) if denial.status() == StatusCode::UNAUTHORIZED => {
                lockout.fail(attempt);
                Ok(())
            }
            Err(_) => lockout.cancel(attempt).await,
        };
        settled.map_err(|_| Denial::unavailable())
    }

    /// The role, for the right password; an unknown user costs one hash as well.
    async fn judge(&self, email: &str, password: String) -> Result<&'static str, Denial> {
        let password = Password::new(password).map_err(|_| wrong_credentials())?;
        let verified = match role_of(email) {
            Some(_) => self.pool.verify(password, self.password.as_str()).await,
            None => self
                .pool
                .verify_dummy(password)
                .await
                .map(|()| Verification::Mismatch),
        };
        match (verified.map_err(|error| undecided(&error))?, role_of(email)) {
            (Verification::Match { .. }, Some(role)) => Ok(role),
            _ => Err(wrong_credentials()),
        }
    }
}

/// Too many logins at once, most likely: the pool's queue is bounded.
fn undecided(error: &HashError) -> Denial {
    match error.retry_after() {
        Some(wait) => Denial::new(StatusCode::SERVICE_UNAVAILABLE, "busy").with_retry_after(wait),
        None => Denial::unavailable(),
    }
}

fn wrong_credentials() -> Denial {
    Denial::invalid_credential("invalid_credentials")
        .with_detail("the e-mail address or the password is wrong")
}

/// `POST /api/users/logout`: 204, whether or not anybody was logged in.
pub(crate) async fn logout(
    State(demo): State<Demo>,
    session: Session,
) -> Result<StatusCode, Denial> {
    demo.sessions.logout(&session).await?;
    Ok(StatusCode::NO_CONTENT)
}
