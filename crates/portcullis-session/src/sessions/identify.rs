//! The scheme: who is logged in to the session of a request.

use http::HeaderValue;
use http::request::Parts;
use portcullis_core::{Attempt, Denial, Identified, Scheme, SchemeName};
use tower_sessions::Session;

use super::Sessions;
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
        let Some(session) = request.extensions.get::<Session>() else {
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
        let Some(login) = read(session).await? else {
            return Ok(None);
        };
        let is_live = login.is_live(self.now());
        if !is_live {
            observe::expired(&login);
        }
        Ok(is_live.then_some(login))
    }

    async fn identify(&self, session: &Session) -> Identified {
        let Some(login) = self.current(session).await? else {
            return Ok(None);
        };
        let user = login.to_user().role_map(self.settings.role_map.clone());
        let user = match &self.settings.loader {
            Some(loader) => loader.load(&login, user).await?,
            None => Some(user),
        };
        let Some(user) = user else {
            observe::turned_away(&login);
            return Ok(None);
        };
        self.touch(session, login).await?;
        Ok(Some(user.build()))
    }

    /// Notes that the login is used, if the last note is old enough; the session manager writes it after the response.
    async fn touch(&self, session: &Session, mut login: AuthRecord) -> Result<(), SessionError> {
        let interval = self.settings.touch_interval.min(login.idle() / 4);
        let now = self.now();
        if login.touch(now, interval) {
            session
                .insert_value(AUTH_KEY, mark::login_value(&login)?)
                .await?;
            session.set_expiry(Some(expiry_of(&login, now)));
            observe::touched(&login);
        }
        Ok(())
    }
}

/// The login in a session, over or not.
pub(crate) async fn read(session: &Session) -> Result<Option<AuthRecord>, SessionError> {
    let value = session.get_value(AUTH_KEY).await?;
    Ok(value.and_then(|value| AuthMark::read(&value).into_login()))
}
