//! Two demo users with everything they need to get in, made anew at each start. Real accounts are for a store to keep.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use portcullis::jwt::{Grant, IssuedToken};
use portcullis::key::{KeyPrefix, KeyRecord};
use portcullis::limit::{Checked, Reservation, Subject};
use portcullis::password::{HashPool, Password, PasswordHash, PasswordHasher, Verification};
use portcullis::session::tower_sessions::Session;
use portcullis::{
    ApiKey, AuthUser, Client, Denial, Issuer, Lockout, Login, MemoryKeys, SchemeName, Scopes,
    Sessions,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::secret::random_hex;
use crate::settings::Stop;

pub(crate) const USER: &str = "user@example.com";
pub(crate) const ADMIN: &str = "admin@example.com";

/// What the welcome text shows: all of it is for this demo alone.
pub(crate) struct Credentials {
    pub(crate) user_token: Option<String>,
    pub(crate) admin_token: Option<String>,
    pub(crate) read_key: String,
    pub(crate) write_key: String,
    pub(crate) password: String,
}

/// The demo's users: one password for both, hashed as a real one would be.
#[derive(Clone)]
pub(crate) struct Demo {
    pub(crate) sessions: Sessions,
    pub(crate) keys: MemoryKeys,
    lockout: Option<Lockout>,
    pool: Arc<HashPool>,
    password: PasswordHash,
}

impl Demo {
    pub(crate) async fn new(
        issuer: Option<&Issuer>,
        lockout: Option<Lockout>,
    ) -> Result<(Self, Credentials), Stop> {
        let wrong = |error: &dyn std::fmt::Display| Stop::Wrong(error.to_string());
        let pool = HashPool::new(PasswordHasher::default()).map_err(|error| wrong(&error))?;
        let password = random_hex().map_err(|error| wrong(&error))?[..16].to_owned();
        let hashed = pool
            .hash(Password::new(password.as_str()).map_err(|error| wrong(&error))?)
            .await;
        let keys = MemoryKeys::new();
        let credentials = Credentials {
            user_token: issuer
                .map(|issuer| token(issuer, USER, "user"))
                .transpose()?,
            admin_token: issuer
                .map(|issuer| token(issuer, ADMIN, "admin"))
                .transpose()?,
            read_key: key(&keys, "read")?,
            write_key: key(&keys, "read write")?,
            password,
        };
        let demo = Self {
            sessions: Sessions::new(),
            keys,
            lockout,
            pool: Arc::new(pool),
            password: hashed.map_err(|error| wrong(&error))?,
        };
        Ok((demo, credentials))
    }
}

fn role_of(email: &str) -> Option<&'static str> {
    match email {
        USER => Some("user"),
        ADMIN => Some("admin"),
        _ => None,
    }
}

fn token(issuer: &Issuer, email: &str, role: &str) -> Result<String, Stop> {
    let grant = Grant::access(email).email(email, true);
    let token = issuer.issue_with(&grant, &json!({ "roles": [role] }));
    token
        .map(IssuedToken::into_string)
        .map_err(|error| Stop::Wrong(error.to_string()))
}

fn key(keys: &MemoryKeys, scopes: &str) -> Result<String, Stop> {
    let key =
        ApiKey::generate(&KeyPrefix::default()).map_err(|error| Stop::Wrong(error.to_string()))?;
    let scopes: Scopes = scopes
        .parse()
        .map_err(|_| Stop::Wrong(format!("{scopes} are no scopes")))?;
    let owner = AuthUser::builder(SchemeName::API_KEY, USER).roles(["user"]);
    keys.insert(KeyRecord::for_key(&key, owner).with_scopes(Some(scopes)));
    Ok(key.expose().to_owned())
}

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
    Json(credential): Json<Credential>,
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
            Ok(Checked::Locked(_)) => Err(wrong_credentials()),
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
        match (verified.map_err(|_| Denial::unavailable())?, role_of(email)) {
            (Verification::Match { .. }, Some(role)) => Ok(role),
            _ => Err(wrong_credentials()),
        }
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
