//! What changes the session of a request: the flows of [`Sessions`](crate::Sessions), each stored before it is answered for.

use http::{HeaderMap, HeaderValue};
use tower_sessions::session::Id;
use tower_sessions::{Expiry, Session};

use super::{CookieSessions, incoming};
use crate::expiry::to_date;
use crate::{AuthRecord, IndexedSessionStore, Login, SessionError, SessionOwner, SessionSummary};

impl CookieSessions {
    /// Logs somebody in who has just proved who they are: as [`Sessions::login`](crate::Sessions::login), with the request's
    /// headers in and the `Set-Cookie` value out.
    ///
    /// The session has a new id, and is in the store when this returns. A session that the request came with is over: its id
    /// is dead, and never becomes anybody's.
    ///
    /// # Errors
    ///
    /// If the store does not answer; then nobody is logged in.
    pub async fn login(
        &self,
        headers: &HeaderMap,
        login: Login,
    ) -> Result<(AuthRecord, HeaderValue), SessionError> {
        let session = self.session_of(headers);
        let login = self.inner.sessions.login(&session, login).await?;
        self.keep(&session, login).await
    }

    /// Logs out whoever is logged in, and gives the `Set-Cookie` value that takes the cookie back: as
    /// [`Sessions::logout`](crate::Sessions::logout), any number of times, also without a session.
    ///
    /// Of several cookies of the name, all sessions end (of four at most).
    ///
    /// # Errors
    ///
    /// If the store does not answer; then the user is still logged in, and should be told so.
    pub async fn logout(
        &self,
        headers: &HeaderMap,
    ) -> Result<(Option<AuthRecord>, HeaderValue), SessionError> {
        let mut ended = None;
        for id in incoming::session_ids(headers, &self.inner.name) {
            let session = self.session(Some(id));
            ended = self.inner.sessions.logout(&session).await?.or(ended);
        }
        Ok((ended, self.inner.outgoing.removal()))
    }

    /// Notes that the logged-in user has proved who they are once more, with these methods: as
    /// [`Sessions::reauthenticate`](crate::Sessions::reauthenticate). The id is new, and so is the cookie.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn reauthenticate<'a>(
        &self,
        headers: &HeaderMap,
        amr: impl IntoIterator<Item = &'a str>,
    ) -> Result<(AuthRecord, HeaderValue), SessionError> {
        let session = self.session_of(headers);
        let login = self.inner.sessions.reauthenticate(&session, amr).await?;
        self.keep(&session, login).await
    }

    /// Changes the rights of the logged-in user, as they stand in this session: as
    /// [`Sessions::change_rights`](crate::Sessions::change_rights). The id is new, and so is the cookie.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn change_rights<'a>(
        &self,
        headers: &HeaderMap,
        roles: impl IntoIterator<Item = &'a str>,
        permissions: impl IntoIterator<Item = &'a str>,
    ) -> Result<(AuthRecord, HeaderValue), SessionError> {
        let session = self.session_of(headers);
        let sessions = &self.inner.sessions;
        let login = sessions.change_rights(&session, roles, permissions).await?;
        self.keep(&session, login).await
    }

    /// Notes the user's new security stamp in the session in which it was changed: as
    /// [`Sessions::change_stamp`](crate::Sessions::change_stamp). The id is new, and so is the cookie.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn change_stamp(
        &self,
        headers: &HeaderMap,
        stamp: impl Into<String>,
    ) -> Result<(AuthRecord, HeaderValue), SessionError> {
        let session = self.session_of(headers);
        let login = self.inner.sessions.change_stamp(&session, stamp).await?;
        self.keep(&session, login).await
    }

    /// Gives the session a new id and keeps all else: as [`Sessions::rotate`](crate::Sessions::rotate).
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn rotate(
        &self,
        headers: &HeaderMap,
    ) -> Result<(AuthRecord, HeaderValue), SessionError> {
        let session = self.session_of(headers);
        let login = self.inner.sessions.rotate(&session).await?;
        self.keep(&session, login).await
    }

    /// The login that the request's cookie stands for, if there is one within its limits. Nothing is written, and the
    /// [`UserLoader`](crate::UserLoader) is not asked. Without a readable cookie, neither is the store.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn current(&self, headers: &HeaderMap) -> Result<Option<AuthRecord>, SessionError> {
        let Some(id) = incoming::session_id(headers, &self.inner.name) else {
            return Ok(None);
        };
        let record = self.inner.load(&id).await?;
        let known = record.and_then(|record| self.inner.known(&record, self.inner.sessions.now()));
        Ok(known.map(|known| known.login.clone()))
    }

    /// The live sessions of a user, the one that began last first.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>, SessionError> {
        Ok(self.inner.store.list(owner).await?)
    }

    /// Ends one session of a user, by its public id. Says whether there was one; another user's is none.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool, SessionError> {
        Ok(self.inner.store.revoke(owner, sid).await?)
    }

    /// Ends all sessions of a user, except the one with the public id `except`, if that is given. Says how many there were.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn revoke_all(
        &self,
        owner: &SessionOwner,
        except: Option<&str>,
    ) -> Result<u64, SessionError> {
        Ok(self.inner.store.revoke_all(owner, except).await?)
    }

    fn session_of(&self, headers: &HeaderMap) -> Session {
        self.session(incoming::session_id(headers, &self.inner.name))
    }

    fn session(&self, id: Option<Id>) -> Session {
        Session::new(id, self.inner.store.clone(), None)
    }

    /// Stores the session, and writes its cookie.
    async fn keep(
        &self,
        session: &Session,
        login: AuthRecord,
    ) -> Result<(AuthRecord, HeaderValue), SessionError> {
        let end = to_date(login.expires_at());
        session.set_expiry(Some(Expiry::AtDateTime(end)));
        session.save().await?;
        let id = session.id().ok_or_else(SessionError::not_logged_in)?;
        let now = self.inner.sessions.now();
        let cookie = self.inner.outgoing.of_login(&id, &login, now);
        Ok((login, cookie))
    }
}
