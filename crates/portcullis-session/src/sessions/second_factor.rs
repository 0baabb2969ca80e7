//! Logins that wait for their second factor.

use portcullis_core::Timestamp;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::Sessions;
use crate::mark::PENDING_KEY;
use crate::{AuthRecord, Login, SessionError};

/// Kept under a key of its own, as a type of its own: no guard takes it for a login (AC-S5).
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pending {
    pending: Login,
    until_unix_millis: i64,
}

impl Sessions {
    /// Notes that somebody has proved the first factor, and must still prove the second: nobody is logged in yet, and to every
    /// guard the caller stays nobody. The session gets a new id, and what it held is dropped as at
    /// [`login`](Self::login).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use portcullis_session::{Login, MemorySessions, Sessions};
    /// # use tower_sessions::Session;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), portcullis_session::SessionError> {
    /// # let session = Session::new(None, Arc::new(MemorySessions::new()), None);
    /// let sessions = Sessions::new();
    /// sessions.begin_second_factor(&session, Login::new("u1").amr(["pwd"])).await?;
    /// assert!(sessions.current(&session).await?.is_none(), "half a login is none");
    ///
    /// let pending = sessions.pending_login(&session).await?.expect("it waits");
    /// assert_eq!(pending.user(), "u1"); // … check this user's code …
    /// let login = sessions.complete_second_factor(&session, ["otp"]).await?;
    /// assert_eq!(login.amr().collect::<Vec<_>>(), ["pwd", "otp"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn begin_second_factor(
        &self,
        session: &Session,
        login: Login,
    ) -> Result<(), SessionError> {
        let until = self
            .now()
            .saturating_add(self.settings.second_factor_within);
        let pending = Pending {
            pending: login,
            until_unix_millis: until.unix_millis(),
        };
        self.start_over(session).await?;
        session.insert(PENDING_KEY, pending).await?;
        Ok(())
    }

    /// The login that waits for its second factor, if there is one and it has not waited too long.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn pending_login(&self, session: &Session) -> Result<Option<Login>, SessionError> {
        let value = session.get_value(PENDING_KEY).await?;
        let pending: Option<Pending> = value.and_then(|value| serde_json::from_value(value).ok());
        let in_time =
            |pending: &Pending| self.now() < Timestamp::from_unix_millis(pending.until_unix_millis);
        Ok(pending.filter(in_time).map(|pending| pending.pending))
    }

    /// Logs in whoever has now proved the second factor too, by these methods.
    ///
    /// # Errors
    ///
    /// If no login waits (any more), or the store does not answer.
    pub async fn complete_second_factor<'a>(
        &self,
        session: &Session,
        amr: impl IntoIterator<Item = &'a str>,
    ) -> Result<AuthRecord, SessionError> {
        let pending = self.pending_login(session).await?;
        let mut login = pending.ok_or_else(SessionError::no_pending_login)?;
        login.add_amr(amr);
        self.login(session, login).await
    }
}
