//! What should be: the plainest picture of it.

use portcullis::Timestamp;

/// Somebody, and all credentials that they ever had.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) password: String,
    pub(super) is_banned: bool,
    pub(super) is_admin: bool,
    pub(super) sessions: Vec<Session>,
    pub(super) keys: Vec<Key>,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) is_live: bool,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Cookie(String),
    Tokens {
        /// One for each generation.
        refresh: Vec<String>,
        /// When the newest came.
        rotated_at: Timestamp,
        access: Vec<Access>,
    },
}

#[derive(Debug)]
pub(super) struct Access {
    pub(super) token: String,
    /// Not taken back by itself; its session may have ended all the same.
    pub(super) is_live: bool,
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) is_live: bool,
}

impl Session {
    pub(super) fn refresh_tokens(&self) -> &[String] {
        match &self.kind {
            Kind::Tokens { refresh, .. } => refresh,
            Kind::Cookie(_) => &[],
        }
    }
}

impl Person {
    /// Every session ends.
    pub(super) fn end_all(&mut self) {
        self.end_all_but(None);
    }

    pub(super) fn end_all_but(&mut self, kept: Option<usize>) {
        for (number, session) in self.sessions.iter_mut().enumerate() {
            session.is_live &= Some(number) == kept;
        }
    }

    /// Every access token that was issued until now is taken back.
    pub(super) fn take_tokens_back(&mut self) {
        for session in &mut self.sessions {
            if let Kind::Tokens { access, .. } = &mut session.kind {
                access.iter_mut().for_each(|access| access.is_live = false);
            }
        }
    }
}
