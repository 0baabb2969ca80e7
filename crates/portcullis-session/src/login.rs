use std::fmt;
use std::net::IpAddr;

use portcullis_core::Timestamp;
use serde::{Deserialize, Serialize};

/// `User-Agent` headers are cut to this many bytes.
const MAX_USER_AGENT: usize = 512;

/// Somebody who has just proved who they are: what [`Sessions::login`](crate::Sessions::login) writes into the session.
///
/// ```
/// use portcullis_session::Login;
///
/// let login = Login::new("u1")
///     .remember(true)
///     .amr(["pwd", "otp"])
///     .roles(["user"])
///     .email("alice@example.com", true);
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    pub(crate) user: String,
    pub(crate) collection: String,
    #[serde(default)]
    pub(crate) remember: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) permissions: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) verified: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stamp: Option<String>,
    /// Goes into the record, and is not kept here.
    #[serde(skip)]
    pub(crate) authenticated_at: Option<Timestamp>,
}

impl Login {
    /// A login of this user of the collection `users`: not remembered, without roles, permissions or methods.
    #[must_use]
    pub fn new(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            collection: String::from("users"),
            remember: false,
            amr: Vec::new(),
            roles: Vec::new(),
            permissions: Vec::new(),
            email: None,
            verified: false,
            address: None,
            user_agent: None,
            stamp: None,
            authenticated_at: None,
        }
    }

    /// Names the collection that the user's id belongs to; `users` unless said.
    #[must_use]
    pub fn collection(mut self, collection: impl Into<String>) -> Self {
        self.collection = collection.into();
        self
    }

    /// Whether the login outlives the browser ("remember me"); it does not unless said.
    #[must_use]
    pub fn remember(mut self, remember: bool) -> Self {
        self.remember = remember;
        self
    }

    /// Sets the methods by which the user was authenticated, as RFC 8176 names them: `pwd`, `otp` …
    #[must_use]
    pub fn amr<'a>(mut self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.amr = owned(methods);
        self
    }

    /// Sets when the user proved who they are; the moment of the login, unless said. For who has proved it elsewhere before, and is only
    /// vouched for now; a time after the login counts as the login's.
    #[must_use]
    pub fn authenticated_at(mut self, at: Timestamp) -> Self {
        self.authenticated_at = Some(at);
        self
    }

    /// Sets the roles. They stay as they are at login, unless a [`UserLoader`](crate::UserLoader) asks anew on each request.
    #[must_use]
    pub fn roles<'a>(mut self, roles: impl IntoIterator<Item = &'a str>) -> Self {
        self.roles = owned(roles);
        self
    }

    /// Sets the permissions that the user has besides those of the roles; they stay as the roles do.
    #[must_use]
    pub fn permissions<'a>(mut self, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.permissions = owned(permissions);
        self
    }

    /// Sets the e-mail address and whether it was verified.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>, verified: bool) -> Self {
        self.email = Some(email.into());
        self.verified = verified;
        self
    }

    /// Notes where the user logged in from, for the user's list of sessions.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Notes the `User-Agent` header, for the user's list of sessions; cut to 512 bytes.
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        self.user_agent = Some(cut(user_agent, MAX_USER_AGENT).to_owned());
        self
    }

    /// Notes the user's security stamp, which changes with the password: a [`UserLoader`](crate::UserLoader) that finds
    /// another one in its database ends the login.
    #[must_use]
    pub fn stamp(mut self, stamp: impl Into<String>) -> Self {
        self.stamp = Some(stamp.into());
        self
    }

    /// The user's id.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Adds methods that are not there yet.
    pub(crate) fn add_amr<'a>(&mut self, methods: impl IntoIterator<Item = &'a str>) {
        for method in methods {
            if !self.amr.iter().any(|known| known == method) {
                self.amr.push(method.to_owned());
            }
        }
    }
}

pub(crate) fn owned<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// The longest start of a text that has at most this many bytes and ends between two characters.
fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

impl fmt::Debug for Login {
    /// Ids and rights only: no address of any kind, no stamp.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .field("collection", &self.collection)
            .field("remember", &self.remember)
            .field("amr", &self.amr)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}
