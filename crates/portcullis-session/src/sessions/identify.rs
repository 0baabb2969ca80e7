//! The scheme: who is logged in to the session of a request.

use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;
use portcullis_core::{
    Attempt, AuthUser, AuthUserBuilder, Denial, Head, Identified, Presence, Scheme, SchemeName,
    Timestamp,
};
use serde_json::Value;
use tower_sessions::Session;

use super::memo::Known;
use super::{Sessions, UserLoader};
use crate::expiry::expiry_of;
use crate::mark::{self, AuthMark};
use crate::{AUTH_KEY, AuthRecord, SessionError, observe};

impl Scheme for Sessions {
    fn name(&self) -> SchemeName {
        SchemeName::SESSION
    }

    /// None: a browser cannot be challenged to send a cookie (RFC 9110 knows no such scheme).
    fn challenge(&self) -> Option<HeaderValue> {
        None
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        self.attempt(request.into())
    }

    fn presence_of_head(&self, _: Head<'_>) -> Option<Presence> {
        Some(Presence::InTurn)
    }

    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        Some(self.attempt(head))
    }
}

impl Sessions {
    fn attempt(&self, head: Head<'_>) -> Attempt {
        let Some(session) = head.extensions().get::<Session>() else {
            return Attempt::Ready(Err(Denial::misconfigured(
                "the session scheme found no session: add `.layer(SessionLayer::new(store))` (or tower-sessions' \
                 SessionManagerLayer) outside the AuthnLayer",
            )));
        };
        if session.id().is_none() {
            return Attempt::Absent;
        }
        let (sessions, session) = (self.clone(), session.clone());
        Attempt::Pending(Box::pin(async move { sessions.identify(&session).await }))
    }
}

impl Sessions {
    /// The login in a session, if there is one and neither of its limits is reached. It is loaded from the store at most once
    /// for each request, and nothing is written.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn current(&self, session: &Session) -> Result<Option<AuthRecord>, SessionError> {
        let known = self.known(session, self.now()).await?;
        Ok(known.map(|known| known.login.clone()))
    }

    async fn known(
        &self,
        session: &Session,
        now: Timestamp,
    ) -> Result<Option<Arc<Known>>, SessionError> {
        let value = session.get_value(AUTH_KEY).await?;
        Ok(value.and_then(|value| self.recognise(&value, now)))
    }

    /// The login that a session's data speaks of, if neither of its limits is reached.
    pub(crate) fn recognise(&self, mark: &Value, now: Timestamp) -> Option<Arc<Known>> {
        let text = mark.as_str().unwrap_or_default();
        let known = self.settings.memo.read(text, &self.settings.role_map);
        known.filter(|known| is_live(&known.login, now))
    }

    async fn identify(&self, session: &Session) -> Identified {
        let now = self.now();
        let Some(known) = self.known(session, now).await? else {
            return Ok(None);
        };
        let user = self.user(&known).await?;
        if user.is_some() {
            self.touch(session, &known.login, now).await?;
        }
        Ok(user)
    }

    /// Whose login it is, as of now.
    pub(crate) async fn user(&self, known: &Known) -> Identified {
        let user = match &self.settings.loader {
            Some(loader) => load(&**loader, known).await?,
            None => Some(known.user.clone()),
        };
        if user.is_none() {
            observe::turned_away(&known.login);
        }
        Ok(user)
    }

    /// Notes that the login is used, if the last note is old enough; the session manager writes it after the response.
    async fn touch(
        &self,
        session: &Session,
        login: &AuthRecord,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        let Some(login) = self.touched(login, now) else {
            return Ok(());
        };
        session
            .insert_value(AUTH_KEY, mark::login_value(&login)?)
            .await?;
        session.set_expiry(Some(expiry_of(&login, now)));
        observe::touched(&login);
        Ok(())
    }

    /// The login with a note that it is used now, if the last note is old enough.
    pub(crate) fn touched(&self, login: &AuthRecord, now: Timestamp) -> Option<AuthRecord> {
        let interval = self.settings.touch_interval.min(login.idle() / 4);
        let is_due = login.is_touch_due(now, interval);
        is_due.then(|| login.clone().touched_at(now))
    }
}

fn is_live(login: &AuthRecord, now: Timestamp) -> bool {
    let is_live = login.is_live(now);
    if !is_live {
        observe::expired(login);
    }
    is_live
}

async fn load(loader: &dyn UserLoader, known: &Known) -> Result<Option<AuthUser>, Denial> {
    let user = loader.load(&known.login, known.user.to_builder()).await?;
    Ok(user.map(AuthUserBuilder::build))
}

/// The login in a session, over or not.
pub(crate) async fn read(session: &Session) -> Result<Option<AuthRecord>, SessionError> {
    let value = session.get_value(AUTH_KEY).await?;
    Ok(value.and_then(|value| AuthMark::read(&value).into_login()))
}
