use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions::session::Record;

use crate::{AuthRecord, SessionError, SessionOwner};

/// The key of a session's data that holds the login. It is Portcullis' own: applications leave it alone.
pub const AUTH_KEY: &str = "portcullis.auth";

/// The key of a login that waits for its second factor. Another key and another type, so that no guard can mistake it.
pub(crate) const PENDING_KEY: &str = "portcullis.pending";

/// What a session's data says about a login: for those who write a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthMark {
    /// Nobody is logged in. What cannot be read as a login is none.
    Nobody,
    /// Somebody is.
    Login(Box<AuthRecord>),
    /// A logout: the login with this public id is over, *under whatever session id it lives now*.
    Ended {
        /// Whose login it was.
        owner: SessionOwner,
        /// Its public id.
        sid: String,
    },
}

/// The text under the key: `{"login":{…}}` or `{"ended":{…}}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Written {
    Login(Box<AuthRecord>),
    Ended(Ended),
}

#[derive(Serialize, Deserialize)]
struct Ended {
    collection: String,
    user: String,
    sid: String,
}

impl AuthMark {
    /// Reads the mark of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        record.data.get(AUTH_KEY).map_or(Self::Nobody, Self::read)
    }

    /// Makes a record say that this login, or nobody, is in it.
    pub fn write(login: Option<&AuthRecord>, record: &mut Record) {
        match login.and_then(|login| login_value(login).ok()) {
            Some(value) => record.data.insert(AUTH_KEY.to_owned(), value),
            None => record.data.remove(AUTH_KEY),
        };
    }

    /// The login, if there is one.
    #[must_use]
    pub fn into_login(self) -> Option<AuthRecord> {
        match self {
            Self::Login(login) => Some(*login),
            Self::Nobody | Self::Ended { .. } => None,
        }
    }

    pub(crate) fn read(value: &Value) -> Self {
        read_text(value.as_str().unwrap_or_default())
    }
}

pub(crate) fn read_text(text: &str) -> AuthMark {
    match serde_json::from_str(text) {
        Ok(Written::Login(login)) => AuthMark::Login(login),
        Ok(Written::Ended(ended)) => AuthMark::Ended {
            owner: SessionOwner::new(ended.collection, ended.user),
            sid: ended.sid,
        },
        Err(_) => {
            tracing::warn!("the login of a session cannot be read; it counts as none");
            AuthMark::Nobody
        }
    }
}

/// A login as it stands under the key: JSON in a text, which is cheaper to copy and to parse than a tree of values.
pub(crate) fn login_value(login: &AuthRecord) -> Result<Value, SessionError> {
    text(&Written::Login(Box::new(login.clone())))
}

pub(crate) fn ended_value(login: &AuthRecord) -> Result<Value, SessionError> {
    text(&Written::Ended(Ended {
        collection: login.collection().to_owned(),
        user: login.user().to_owned(),
        sid: login.sid().to_owned(),
    }))
}

fn text(written: &Written) -> Result<Value, SessionError> {
    Ok(Value::String(serde_json::to_string(written)?))
}
