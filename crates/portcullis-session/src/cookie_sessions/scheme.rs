//! Who is logged in to the session that a request's cookie names.

use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;
use portcullis_core::{Attempt, Denial, Identified, Scheme, SchemeName, Timestamp};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

use super::{CookieSessions, Inner, incoming};
use crate::expiry::to_date;
use crate::sessions::Known;
use crate::{AUTH_KEY, SessionError, cross_site, mark, observe};

impl Scheme for CookieSessions {
    fn name(&self) -> SchemeName {
        SchemeName::SESSION
    }

    /// None: a browser cannot be challenged to send a cookie (RFC 9110 knows no such scheme).
    fn challenge(&self) -> Option<HeaderValue> {
        None
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        let Some(id) = incoming::session_id(&request.headers, &self.inner.name) else {
            return Attempt::Absent;
        };
        let inner = Arc::clone(&self.inner);
        let refusal = cross_site::check(request, &inner.allowed_origins).err();
        Attempt::Pending(Box::pin(async move { inner.identify(&id, refusal).await }))
    }
}

impl Inner {
    /// The user whose session this is; where there is one, `refusal` is what the request gets instead.
    async fn identify(&self, id: &Id, refusal: Option<Denial>) -> Identified {
        let now = self.sessions.now();
        let Some(record) = self.load(id).await? else {
            return Ok(None);
        };
        let Some(known) = self.known(&record, now) else {
            return Ok(None);
        };
        let user = self.sessions.user(&known).await?;
        match (&user, refusal) {
            (None, _) => {}
            (Some(_), Some(refusal)) => return Err(refusal),
            (Some(_), None) => self.touch(record, &known, now).await,
        }
        Ok(user)
    }

    pub(super) async fn load(&self, id: &Id) -> Result<Option<Record>, SessionError> {
        Ok(self.store.load(id).await?)
    }

    pub(super) fn known(&self, record: &Record, now: Timestamp) -> Option<Arc<Known>> {
        let mark = record.data.get(AUTH_KEY)?;
        self.sessions.recognise(mark, now)
    }

    /// Notes that the login is used, if the last note is old enough. The store writes it only where the session is still there.
    async fn touch(&self, mut record: Record, known: &Known, now: Timestamp) {
        let Some(login) = self.sessions.touched(&known.login, now) else {
            return;
        };
        let Ok(mark) = mark::login_value(&login) else {
            return;
        };
        record.data.insert(AUTH_KEY.to_owned(), mark);
        record.expiry_date = to_date(login.expires_at());
        match self.store.save(&record).await {
            Ok(()) => observe::touched(&login),
            Err(error) => observe::touch_failed(&login, &error),
        }
    }
}
