//! Linking a provider to an account, from within it (AC-A7).

use portcullis_core::{AuthUser, Denial};

use super::arrival::Arrival;
use super::begun::{Purpose, Within};
use super::refusals::{about, crossed, identity_taken, invalid_state};
use super::start::{Journey, OauthStarted};
use crate::audit::Entry;
use crate::flow::logout::{Means, means_of};
use crate::model::{AuditKind, Ticket, User};
use crate::schemes::may_enter;
use crate::store::{CommitError, Conflict};
use crate::users::Users;

impl Users {
    /// Begins to link a provider to the caller's account: where to send the browser, and the cookie that binds it. The callback must
    /// come from that browser while the caller's session goes on; where the session lives by cookie, from within it.
    ///
    /// `redirect_to` is as in [`OauthStart`](crate::OauthStart::redirect_to). The browser goes there in the end, with `error` if nothing was
    /// linked: `identity_taken` where the identity is another account's.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`, `reauthentication_required`; 403 `key_not_allowed`, `forbidden` (for credentials that belong to no
    /// session); 404 `not_found`; 422 `redirect_not_allowed`; 400 `provider_error`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn oauth_link(
        &self,
        caller: &AuthUser,
        provider: &str,
        redirect_to: Option<&str>,
    ) -> Result<OauthStarted, Denial> {
        let user = self
            .fresh_account(caller, &self.inner.limits.manage)
            .await?;
        let provider = self.provider(provider)?;
        let redirect = self.inner.oauth.redirects.check(redirect_to)?;
        let by_cookie = match means_of(caller) {
            Means::Token => false,
            Means::Cookie => true,
            Means::Other => return Err(Denial::forbidden()),
        };
        let sid = caller
            .session_id()
            .ok_or_else(Denial::forbidden)?
            .to_owned();
        let within = Within {
            sid,
            stamp: user.stamp.clone(),
            by_cookie,
        };
        let journey = Journey {
            redirect,
            owner: Some(user.id),
            purpose: Purpose::Link(within),
            freshness: None,
        };
        self.send_to(provider, journey).await
    }

    /// The account that is to be linked, if the session that asked for it goes on.
    ///
    /// # Errors
    ///
    /// 400 `invalid_state`; 503.
    pub(super) async fn account_within(
        &self,
        ticket: &Ticket,
        within: &Within,
    ) -> Result<User, Denial> {
        let owner = ticket.owner().ok_or_else(invalid_state)?;
        let user = self.inner.store.user(&owner).await?;
        let is_same = |user: &User| user.stamp == within.stamp && may_enter(user, self.settings());
        let user = user.filter(is_same).ok_or_else(invalid_state)?;
        let goes_on = match within.by_cookie {
            true => self.is_cookie_here(&user, within).await?,
            false => self.is_family_live(&user, within).await?,
        };
        match goes_on {
            true => Ok(user),
            false => Err(invalid_state()),
        }
    }

    async fn is_cookie_here(&self, user: &User, within: &Within) -> Result<bool, Denial> {
        let login = self.realm.cookies.current(&self.origin.head).await?;
        Ok(login.is_some_and(|login| {
            login.sid() == within.sid
                && login.owner() == user.reference().session_owner()
                && login.stamp() == Some(user.stamp.as_str())
        }))
    }

    async fn is_family_live(&self, user: &User, within: &Within) -> Result<bool, Denial> {
        let Ok(id) = within.sid.parse() else {
            return Ok(false);
        };
        let family = self.inner.store.family(id).await?;
        Ok(family.is_some_and(|family| {
            family.owner == user.reference()
                && family.stamp == user.stamp
                && family.is_live(self.now())
        }))
    }

    /// Links. The session is looked at once more: asking the provider takes its time.
    ///
    /// # Errors
    ///
    /// 409 `identity_taken`; 400 `invalid_state`, if the session has ended; 503.
    pub(super) async fn link_by(
        &self,
        arrival: &Arrival<'_>,
        ticket: &Ticket,
        within: &Within,
    ) -> Result<(), Denial> {
        let user = self.account_within(ticket, within).await?;
        let mut changes = vec![self.while_logged_in(&user)];
        changes.extend(self.linked(arrival, &user, "in_session")?);
        match self.commit(changes).await {
            Ok(_) => Ok(()),
            Err(error) => self.not_linked(arrival, &user, error).await,
        }
    }

    /// What is linked already, as it is after a second tab, is linked.
    async fn not_linked(
        &self,
        arrival: &Arrival<'_>,
        user: &User,
        error: CommitError,
    ) -> Result<(), Denial> {
        match error.conflict() {
            Some(Conflict::IdentityTaken) => {}
            Some(_) => return Err(invalid_state()),
            None => return Err(error.into()),
        }
        match self.identity_of(arrival).await? {
            Some(found) if found.owner == user.reference() => Ok(()),
            Some(_) => {
                let entry = Entry::failure(AuditKind::OauthLinked, "identity_taken").by(user);
                self.record(about(arrival.provider, entry)).await?;
                Err(identity_taken())
            }
            None => Err(crossed()),
        }
    }
}
