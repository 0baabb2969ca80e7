//! What changes the session of a request: the flows of [`Sessions`](crate::Sessions), each stored before it is answered for.

use http::{HeaderMap, HeaderValue};
use portcullis_core::Timestamp;
use tower_sessions::session::Id;
use tower_sessions::{Expiry, Session, SessionStore as _};

use super::CookieSessions;
use super::incoming::Presented;
use super::series::{SERIES_KEY, Series, Token};
use crate::expiry::to_date;
use crate::{
    AuthMark, AuthRecord, IndexedSessionStore, Login, SessionError, SessionOwner, SessionSummary,
};

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
        let before = Presented::find(headers, &self.inner.name);
        let session = self.session(before.map(|presented| presented.id));
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
        for id in Presented::ids(headers, &self.inner.name) {
            let session = self.session(Some(id));
            ended = self.inner.sessions.logout(&session).await?.or(ended);
        }
        Ok((ended, self.removal()))
    }

    /// The `Set-Cookie` value that takes the cookie back. It ends nothing.
    #[must_use]
    pub fn removal(&self) -> HeaderValue {
        self.inner.outgoing.removal()
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
        let session = self.session_of(headers).await?;
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
        let session = self.session_of(headers).await?;
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
        let session = self.session_of(headers).await?;
        let login = self.inner.sessions.change_stamp(&session, stamp).await?;
        self.keep(&session, login).await
    }

    /// Notes that the logged-in user has proved who they are once more, by what has changed their security stamp: as
    /// [`Sessions::reauthenticate_with_stamp`](crate::Sessions::reauthenticate_with_stamp). The id is new, and so is the cookie.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn reauthenticate_with_stamp<'a>(
        &self,
        headers: &HeaderMap,
        amr: impl IntoIterator<Item = &'a str>,
        stamp: impl Into<String>,
    ) -> Result<(AuthRecord, HeaderValue), SessionError> {
        let session = self.session_of(headers).await?;
        let sessions = &self.inner.sessions;
        let login = sessions
            .reauthenticate_with_stamp(&session, amr, stamp)
            .await?;
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
        let session = self.session_of(headers).await?;
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
        let Some(presented) = Presented::find(headers, &self.inner.name) else {
            return Ok(None);
        };
        let found = self
            .inner
            .find(&presented, self.inner.sessions.now())
            .await?;
        Ok(found.map(|found| found.known.login.clone()))
    }

    /// The logins behind the request's cookies, of which there may be several of the name (four are looked at): what
    /// [`logout`](Self::logout) ends. Neither their limits nor the tokens beside the ids are asked, so that this lets nobody in.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn presented(&self, headers: &HeaderMap) -> Result<Vec<AuthRecord>, SessionError> {
        let mut logins = Vec::new();
        for id in Presented::ids(headers, &self.inner.name) {
            let record = self.inner.store.load(&id).await?;
            logins.extend(record.and_then(|record| AuthMark::of(&record).into_login()));
        }
        Ok(logins)
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

    /// The session of the request, if somebody is logged in to it; a new one otherwise.
    async fn session_of(&self, headers: &HeaderMap) -> Result<Session, SessionError> {
        let inner = &self.inner;
        let Some(presented) = Presented::find(headers, &inner.name) else {
            return Ok(self.session(None));
        };
        let found = inner.find(&presented, inner.sessions.now()).await?;
        Ok(self.session(found.map(|_| presented.id)))
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
        let now = self.inner.sessions.now();
        let end = to_date(login.expires_at());
        session.set_expiry(Some(Expiry::AtDateTime(end)));
        let token = put_series(session, &login, now).await?;
        session.save().await?;
        let id = session.id().ok_or_else(SessionError::not_logged_in)?;
        let cookie = self.inner.outgoing.of_login(&id, token, &login, now);
        Ok((login, cookie))
    }
}

/// A remembered login begins a new series of tokens with each new id. Says the first.
async fn put_series(
    session: &Session,
    login: &AuthRecord,
    now: Timestamp,
) -> Result<Option<Token>, SessionError> {
    if !login.remember() {
        session.remove_value(SERIES_KEY).await?;
        return Ok(None);
    }
    let series = Series::begin(now)?;
    session.insert_value(SERIES_KEY, series.value()?).await?;
    Ok(Some(series.last()))
}
