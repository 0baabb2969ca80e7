//! Exchanging a refresh token for the next, and for an access token.

use portcullis_core::Denial;

use super::issue::{Credentials, Session};
use crate::audit::Entry;
use crate::demands::{mfa_required, shows_second_factor};
use crate::model::{AuditKind, Family, User};
use crate::schemes::may_enter;
use crate::settings::ParentGrace;
use crate::store::{Change, Conflict};
use crate::token::{Presented, RefreshToken};
use crate::users::Users;

/// How often the family is read again when another exchange came first. The second look finds it done.
const ROUNDS: usize = 4;

/// 401 `refresh_invalid`: malformed, unknown, ended, another collection's, or of a user who may not come in, alike.
fn refresh_invalid() -> Denial {
    Denial::invalid_credential("refresh_invalid")
        .with_detail("the refresh token is not good, or not any more")
}

/// 401 `refresh_reused`: the token was exchanged before, so two parties have it; the login is over.
fn refresh_reused() -> Denial {
    Denial::invalid_credential("refresh_reused")
        .with_detail("the refresh token was used before; the login has ended")
}

/// 401 `refresh_expired`.
fn refresh_expired() -> Denial {
    Denial::invalid_credential("refresh_expired").with_detail("the login has ended")
}

/// How a genuine token stands in its family.
enum Standing {
    /// It is the newest.
    Newest,
    /// The newest came from it, and it may be presented once more.
    Parent,
    /// It was exchanged before.
    Reused,
    /// The store knows of no such generation: it was put back to an older state.
    Unheard,
}

impl Users {
    /// Exchanges a refresh token for the next one and an access token, with the rights that the user has now.
    ///
    /// Each token is good once. Presented again it ends the login, for then somebody has copied it (RFC 9700 §4.14.2); only where
    /// the settings grant it ([`ParentGrace`]) does the direct parent of the newest token give that same token once more.
    ///
    /// # Errors
    ///
    /// 401 `refresh_invalid`, `refresh_reused`, `refresh_expired`, `mfa_required`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn refresh(&self, token: &str) -> Result<Session, Denial> {
        self.limit(&self.inner.limits.refresh).await?;
        let presented = RefreshToken::read(token).ok_or_else(refresh_invalid)?;
        for _ in 0..ROUNDS {
            let family = self.live_family(&presented).await?;
            let next = match self.standing(&presented, &family) {
                Standing::Newest => self.rotate(family).await?,
                Standing::Parent => Some((self.owner_of(&family).await?, family)),
                Standing::Reused => return Err(self.end_reused(&family).await?),
                Standing::Unheard => return Err(refresh_invalid()),
            };
            if let Some((user, family)) = next {
                return self.refreshed(&user, &family).await;
            }
        }
        Err(Denial::unavailable())
    }

    /// The family of a token that this server has issued for this collection.
    pub(super) async fn genuine_family(
        &self,
        presented: &Presented,
    ) -> Result<Option<Family>, Denial> {
        let family = self.inner.store.family(presented.token.family).await?;
        Ok(family.filter(|family| {
            family.owner.collection == self.collection()
                && presented.is_genuine(&self.inner.secrets, family.created_at)
        }))
    }

    async fn live_family(&self, presented: &Presented) -> Result<Family, Denial> {
        let family = self.genuine_family(presented).await?;
        let family = family.ok_or_else(refresh_invalid)?;
        match family.is_live(self.now()) {
            true => Ok(family),
            false => Err(refresh_expired()),
        }
    }

    fn standing(&self, presented: &Presented, family: &Family) -> Standing {
        let behind = family.generation.checked_sub(presented.token.generation);
        match behind {
            None => Standing::Unheard,
            Some(0) => Standing::Newest,
            Some(1) if self.has_grace(family) => Standing::Parent,
            Some(_) => Standing::Reused,
        }
    }

    /// Whether the parent of a family's newest token may be presented again: its child has not been, or there would be a newer one.
    fn has_grace(&self, family: &Family) -> bool {
        let since = self.now().saturating_duration_since(family.rotated_at);
        match self.inner.parent_grace {
            ParentGrace::Never => false,
            ParentGrace::WithinInterval => since <= self.inner.reuse_interval,
            ParentGrace::UntilChildUsed => true,
        }
    }

    /// The owner as the account is now. One who may not come in, or to whom something has happened that ends sessions, has no
    /// family any more (AC-R6).
    async fn owner_of(&self, family: &Family) -> Result<User, Denial> {
        let user = self.inner.store.user(&family.owner).await?;
        let is_good = |user: &User| may_enter(user, self.settings()) && user.stamp == family.stamp;
        let (reason, refusal) = match user.filter(is_good) {
            None => ("account_changed", refresh_invalid()),
            Some(user) if self.lacks_factor(family, &user) => ("mfa_required", mfa_required()),
            Some(user) => return Ok(user),
        };
        let entry = Entry::success(AuditKind::SessionRevoked).reason(reason);
        self.end_family(family, entry).await?;
        Err(refusal)
    }

    /// Whether a second factor is demanded of the user by now that was not shown when the family began. What was shown is carried, and
    /// never raised (AC-R7).
    fn lacks_factor(&self, family: &Family, user: &User) -> bool {
        self.settings().demands_mfa(user)
            && !shows_second_factor(family.amr.iter().map(String::as_str))
    }

    /// The next generation; `None` where the family is not any more what it was, and must be looked at again.
    async fn rotate(&self, family: Family) -> Result<Option<(User, Family)>, Denial> {
        let user = self.owner_of(&family).await?;
        self.inner.ready_to_sign().await?;
        let next = Family {
            generation: family.generation.saturating_add(1),
            rotated_at: self.now(),
            ..family
        };
        let rotated = Entry::success(AuditKind::RefreshRotated)
            .by(&user)
            .session(next.id.to_string());
        let changes = vec![
            Change::RotateFamily {
                id: next.id,
                from: family.generation,
                at: next.rotated_at,
                address: self.origin.address(),
                user_agent: self.origin.user_agent.clone(),
            },
            self.audit(rotated)?,
        ];
        match self.commit(changes).await {
            Ok(_) => Ok(Some((user, next))),
            Err(error) if error.conflict().is_some() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a family of which somebody has presented an old token: also for whoever has the newest (AC-R1).
    async fn end_reused(&self, family: &Family) -> Result<Denial, Denial> {
        let entry = Entry::failure(AuditKind::RefreshReuseDetected, "reuse");
        self.end_family(family, entry).await?;
        Ok(refresh_reused())
    }

    /// Ends a family, with an entry in the audit trail by whoever comes first.
    pub(super) async fn end_family(&self, family: &Family, entry: Entry) -> Result<bool, Denial> {
        let id = family.id;
        let entry = entry.to(family.owner.id).session(id.to_string());
        let changes = vec![
            Change::EndFamily {
                owner: family.owner.clone(),
                id,
                until: self.inner.revoked_until(self.now()),
            },
            self.audit(entry)?,
        ];
        match self.commit(changes).await {
            Ok(_) => Ok(true),
            Err(error) if error.conflict() == Some(Conflict::NotFound) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn refreshed(&self, user: &User, family: &Family) -> Result<Session, Denial> {
        let tokens = self.tokens(user, family).await?;
        let id = family.id.to_string();
        Ok(Session::new(
            id,
            self.view(user),
            Credentials::Tokens(tokens),
        ))
    }
}
