//! Who is logged in to the session that a request's cookie names.

use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;
use portcullis_core::{Attempt, Denial, Head, Identified, Presence, Scheme, SchemeName};

use super::incoming::Presented;
use super::renewal::Renewals;
use super::{CookieSessions, Inner};
use crate::cross_site;

impl Scheme for CookieSessions {
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

impl CookieSessions {
    fn attempt(&self, head: Head<'_>) -> Attempt {
        let Some(presented) = Presented::find(head.headers(), &self.inner.name) else {
            return Attempt::Absent;
        };
        let inner = Arc::clone(&self.inner);
        let refusal = cross_site::check(head, &inner.allowed_origins).err();
        let renewals = head.extensions().get::<Renewals>().cloned();
        Attempt::Pending(Box::pin(async move {
            inner.identify(&presented, refusal, renewals.as_ref()).await
        }))
    }
}

impl Inner {
    /// The user whose session this is; where there is one, `refusal` is what the request gets instead.
    async fn identify(
        &self,
        presented: &Presented,
        refusal: Option<Denial>,
        renewals: Option<&Renewals>,
    ) -> Identified {
        let now = self.sessions.now();
        let Some(found) = self.find(presented, now).await? else {
            return Ok(None);
        };
        let user = self.sessions.user(&found.known).await?;
        match (&user, refusal) {
            (None, _) => {}
            (Some(_), Some(refusal)) => return Err(refusal),
            (Some(_), None) => self.note(found, renewals, now).await,
        }
        Ok(user)
    }
}
