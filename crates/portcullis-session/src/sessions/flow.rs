//! What changes a session: login, logout, and the steps between.

use serde_json::Value;
use tower_sessions::Session;

use super::Sessions;
use super::identify::read;
use crate::expiry::expiry_of;
use crate::mark;
use crate::{AUTH_KEY, AuthRecord, Login, SessionError, observe};

impl Sessions {
    /// Logs somebody in who has just proved who they are.
    ///
    /// The session gets a new id, the old one is dead at once, and of its data only what is on the list
    /// ([`keeping_on_login`](Self::keeping_on_login)) is left. A login that the session held before is over. The session is
    /// stored, and its cookie set, after the handler has answered (with anything but a 5xx).
    ///
    /// # Errors
    ///
    /// If the store does not answer; then nobody is logged in.
    pub async fn login(&self, session: &Session, login: Login) -> Result<AuthRecord, SessionError> {
        let now = self.now();
        let record = AuthRecord::begin(login.clone(), self.limits_for(&login), now)?;
        self.start_over(session).await?;
        self.put(session, &record).await?;
        observe::logged_in(&record);
        Ok(record)
    }

    /// Logs out whoever is logged in, and forgets all data of the session: the id is dead, and the cookie is taken back.
    ///
    /// It can be done any number of times, also without a session. `None` where nobody was logged in: with an id that is
    /// dead, too, for an old id can do nothing any more.
    ///
    /// On an [`IndexedSessionStore`](crate::IndexedSessionStore) the login is over under whatever id it lives by then: a
    /// request that is changing its id meanwhile fails.
    ///
    /// # Errors
    ///
    /// If the store does not answer; then the user is still logged in, and should be told so.
    pub async fn logout(&self, session: &Session) -> Result<Option<AuthRecord>, SessionError> {
        let login = self.end_login(session).await?;
        match session.id() {
            Some(_) => session.flush().await?,
            None => session.clear().await,
        }
        Ok(login)
    }

    /// Notes that the logged-in user has proved who they are once more ("step-up"), with these methods: a new `auth_time`, a
    /// new session id. The limits stay where they are.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn reauthenticate<'a>(
        &self,
        session: &Session,
        amr: impl IntoIterator<Item = &'a str>,
    ) -> Result<AuthRecord, SessionError> {
        let mut login = self.required(session).await?;
        login.reauthenticate(self.now(), amr);
        self.move_to_new_id(session, &login).await?;
        Ok(login)
    }

    /// Changes the rights of the logged-in user, as they stand in this session, and the session's id with them.
    ///
    /// Other sessions of the same user are not changed; end them, or use a
    /// [`UserLoader`](crate::UserLoader), which sees to all.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn change_rights<'a>(
        &self,
        session: &Session,
        roles: impl IntoIterator<Item = &'a str>,
        permissions: impl IntoIterator<Item = &'a str>,
    ) -> Result<AuthRecord, SessionError> {
        let mut login = self.required(session).await?;
        login.set_rights(roles, permissions);
        self.move_to_new_id(session, &login).await?;
        Ok(login)
    }

    /// Gives the session a new id and keeps all else: after a change of password or of factors, for example.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn rotate(&self, session: &Session) -> Result<AuthRecord, SessionError> {
        let login = self.required(session).await?;
        self.move_to_new_id(session, &login).await?;
        Ok(login)
    }

    /// Notes the user's new security stamp in the session in which it was changed, and gives the session a new id: after a
    /// change of password, for example, so that a [`UserLoader`](crate::UserLoader) that compares stamps lets this session go
    /// on. Other sessions keep the old stamp.
    ///
    /// It is no proof of who somebody is: `auth_time` stays where it was.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn change_stamp(
        &self,
        session: &Session,
        stamp: impl Into<String>,
    ) -> Result<AuthRecord, SessionError> {
        let mut login = self.required(session).await?;
        login.set_stamp(stamp.into());
        self.move_to_new_id(session, &login).await?;
        Ok(login)
    }

    /// The user has proved who they are once more, by what has changed their security stamp: as
    /// [`reauthenticate`](Self::reauthenticate) and [`change_stamp`](Self::change_stamp) at once, with one new id.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or the store does not answer.
    pub async fn reauthenticate_with_stamp<'a>(
        &self,
        session: &Session,
        amr: impl IntoIterator<Item = &'a str>,
        stamp: impl Into<String>,
    ) -> Result<AuthRecord, SessionError> {
        let mut login = self.required(session).await?;
        login.reauthenticate(self.now(), amr);
        login.set_stamp(stamp.into());
        self.move_to_new_id(session, &login).await?;
        Ok(login)
    }

    async fn required(&self, session: &Session) -> Result<AuthRecord, SessionError> {
        let login = self.current(session).await?;
        login.ok_or_else(SessionError::not_logged_in)
    }

    async fn move_to_new_id(
        &self,
        session: &Session,
        login: &AuthRecord,
    ) -> Result<(), SessionError> {
        new_id(session).await?;
        self.put(session, login).await?;
        observe::rotated(login);
        Ok(())
    }

    async fn put(&self, session: &Session, login: &AuthRecord) -> Result<(), SessionError> {
        session
            .insert_value(AUTH_KEY, mark::login_value(login)?)
            .await?;
        session.set_expiry(Some(expiry_of(login, self.now())));
        Ok(())
    }

    /// A new id, and of the data what is on the list.
    pub(super) async fn start_over(&self, session: &Session) -> Result<(), SessionError> {
        self.end_login(session).await?;
        let kept = self.kept(session).await?;
        new_id(session).await?;
        session.clear().await;
        for (key, value) in kept {
            session.insert_value(key, value).await?;
        }
        session.set_expiry(None);
        Ok(())
    }

    async fn kept(&self, session: &Session) -> Result<Vec<(&str, Value)>, SessionError> {
        let mut kept = Vec::new();
        for key in &self.settings.kept_on_login {
            if let Some(value) = session.get_value(key).await? {
                kept.push((&**key, value));
            }
        }
        Ok(kept)
    }

    /// Ends the login that the session holds, in the store and at once, under whatever id it lives by now: another request may
    /// be giving it a new one.
    async fn end_login(&self, session: &Session) -> Result<Option<AuthRecord>, SessionError> {
        let Some(login) = read(session).await? else {
            return Ok(None);
        };
        session
            .insert_value(AUTH_KEY, mark::ended_value(&login)?)
            .await?;
        if session.id().is_some() {
            session.save().await?;
        }
        observe::logged_out(&login);
        Ok(Some(login))
    }
}

/// Ends the id in the store, at once; the next one is made when the session is saved. A session that is not stored yet has none.
async fn new_id(session: &Session) -> Result<(), SessionError> {
    match session.id() {
        Some(_) => Ok(session.cycle_id().await?),
        None => Ok(()),
    }
}
