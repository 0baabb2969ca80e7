use std::fmt;

use portcullis_core::AuthUser;

/// Whose sessions: a user's id and the collection that it belongs to.
///
/// Both are compared byte by byte. A store that keeps them in a database must not let a collation fold them together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionOwner {
    collection: Box<str>,
    user: Box<str>,
}

impl SessionOwner {
    /// The user with this id in this collection.
    #[must_use]
    pub fn new(collection: impl Into<Box<str>>, user: impl Into<Box<str>>) -> Self {
        Self {
            collection: collection.into(),
            user: user.into(),
        }
    }

    /// The collection; `users` where the application named none.
    #[must_use]
    pub fn collection(&self) -> &str {
        &self.collection
    }

    /// The user's id within the collection.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }
}

impl From<&AuthUser> for SessionOwner {
    fn from(user: &AuthUser) -> Self {
        Self::new(user.collection(), user.id())
    }
}

impl fmt::Debug for SessionOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}", self.collection, self.user)
    }
}
