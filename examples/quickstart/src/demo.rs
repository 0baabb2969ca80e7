//! Two demo users with everything they need to get in, made anew at each start. Real accounts are for a store to keep.

use std::fmt::Display;
use std::sync::Arc;

use portcullis::jwt::{Grant, IssuedToken};
use portcullis::key::{KeyPrefix, KeyRecord};
use portcullis::password::{HashPool, Password, PasswordHash, PasswordHasher};
use portcullis::{ApiKey, AuthUser, Issuer, Lockout, MemoryKeys, SchemeName, Scopes, Sessions};
use serde_json::json;

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
    pub(crate) lockout: Option<Lockout>,
    pub(crate) pool: Arc<HashPool>,
    pub(crate) password: PasswordHash,
}

impl Demo {
    pub(crate) async fn new(
        issuer: Option<&Issuer>,
        lockout: Option<Lockout>,
    ) -> Result<(Self, Credentials), Stop> {
        let pool = HashPool::new(PasswordHasher::default()).map_err(wrong)?;
        let password = random_hex().map_err(wrong)?[..16].to_owned();
        let to_hash = Password::new(password.as_str()).map_err(wrong)?;
        let hash = pool.hash(to_hash).await.map_err(wrong)?;
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
            password: hash,
        };
        Ok((demo, credentials))
    }
}

fn wrong(error: impl Display) -> Stop {
    Stop::Wrong(error.to_string())
}

/// The role of a demo user.
pub(crate) fn role_of(email: &str) -> Option<&'static str> {
    match email {
        USER => Some("user"),
        ADMIN => Some("admin"),
        _ => None,
    }
}

fn token(issuer: &Issuer, email: &str, role: &str) -> Result<String, Stop> {
    let grant = Grant::access(email).email(email, true);
    let token = issuer.issue_with(&grant, &json!({ "roles": [role] }));
    token.map(IssuedToken::into_string).map_err(wrong)
}

fn key(keys: &MemoryKeys, scopes: &str) -> Result<String, Stop> {
    let key = ApiKey::generate(&KeyPrefix::default()).map_err(wrong)?;
    let scopes: Scopes = scopes.parse().map_err(wrong)?;
    let owner = AuthUser::builder(SchemeName::API_KEY, USER).roles(["user"]);
    keys.insert(KeyRecord::for_key(&key, owner).with_scopes(Some(scopes)));
    Ok(key.expose().to_owned())
}
