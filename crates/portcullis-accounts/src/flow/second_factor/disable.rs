//! A second factor goes, by whoever can show it, or by an administrator.

use http::HeaderValue;
use portcullis_core::{AuthUser, Denial};

use super::code::SecondFactor;
use super::own_login::with_factor;
use crate::audit::Entry;
use crate::flow::admin::{Actor, Plan, user_id};
use crate::flow::ending::Keys;
use crate::mail::Message;
use crate::model::{AuditKind, RecordId, User};
use crate::store::{Change, UserUpdate};
use crate::users::Users;

impl Users {
    /// Turns the second factor off, by a code of it: of the app, or a recovery code where the app is lost (AC-O5). Its secret and the
    /// recovery codes are good for nothing any more, every other login of the account ends, and the caller's own goes on. The owner is
    /// told by mail.
    ///
    /// Gives the `Set-Cookie` values that the answer must carry, where the login is by cookie: the session's id is new.
    ///
    /// # Errors
    ///
    /// 401 `invalid_code` (also where there is no factor), `reauthentication_required`, `unauthenticated`; 403 `key_not_allowed`; 429
    /// `rate_limited`; 503 `unavailable`.
    pub async fn disable_totp(
        &self,
        caller: &AuthUser,
        code: &str,
    ) -> Result<Vec<HeaderValue>, Denial> {
        let user = self
            .proved_account(caller, &self.inner.limits.prove)
            .await?;
        let own = self.own_login(caller, &user).await?;
        let mut spent = self.judge_code(&user, SecondFactor::of(code)).await?;
        let method = spent.method;
        let own = own.with_methods(self.now(), |amr| with_factor(amr, method));
        let mut update = UserUpdate::new(user.reference(), self.now());
        update.if_stamp = Some(user.stamp.clone());
        update.mfa_since = Some(None);
        let others = self.end_others(&user, &mut update, own.family())?;
        let changed = update.applied_to(&user);
        let mut changes = Vec::new();
        spent.put_into(&mut changes);
        changes.push(Change::UpdateUser(Box::new(update)));
        changes.push(Change::DeleteFactor {
            owner: user.reference(),
        });
        changes.extend(others);
        changes.extend(self.going_on(caller, &changed, &own)?);
        let disabled = Entry::success(AuditKind::MfaDisabled);
        changes.push(self.audit(disabled.by_caller(caller).to(user.id))?);
        changes.push(self.mail(&user, Message::MfaDisabled)?);
        let committed = self.commit(changes).await;
        self.settle_code(&user, spent, committed).await?;
        Ok(self.go_on(&changed, own, method).await?.cookies)
    }

    /// Takes somebody's second factor away, for who has lost the app and the recovery codes as well (OWASP ASVS 6.4.4: be as sure of
    /// who asks as when it was made). Every login of the user ends; the owner is told by mail. Nothing is done where there is none.
    ///
    /// # Errors
    ///
    /// 401 `reauthentication_required` unless the caller has proved who they are within ten minutes, by two factors where the caller
    /// has two; 403 `forbidden` without the permission `users:write`, or where the user may do what the caller may not,
    /// `key_not_allowed`; 404 `not_found`; 429 `rate_limited`; 401, 503.
    pub async fn disable_second_factor(&self, admin: &AuthUser, id: &str) -> Result<(), Denial> {
        let actor = self.administrator(admin, "users:write").await?;
        self.fresh_account(admin, &self.inner.limits.manage).await?;
        self.take_factor(&actor, user_id(id)?).await
    }

    pub(in crate::flow) async fn take_factor(
        &self,
        actor: &Actor,
        id: RecordId,
    ) -> Result<(), Denial> {
        let is_there = self
            .inner
            .store
            .factor(&self.reference(id))
            .await?
            .is_some();
        let work = |user: &User, update: &mut UserUpdate| {
            self.taking_factor(actor, user, is_there, update)
        };
        let amended = self.amend(actor, id, work).await?;
        if amended.is_changed {
            self.clean_up_sessions(&amended.user).await;
        }
        Ok(())
    }

    fn taking_factor(
        &self,
        actor: &Actor,
        user: &User,
        is_there: bool,
        update: &mut UserUpdate,
    ) -> Plan {
        if !is_there && user.mfa_since.is_none() {
            return Ok(None);
        }
        update.mfa_since = Some(None);
        let owner = || user.reference();
        let mut changes = self.end_all(user, update, Keys::Stay)?;
        changes.extend(is_there.then(|| Change::DeleteFactor { owner: owner() }));
        changes.push(self.audit(actor.entry(AuditKind::MfaDisabled, user))?);
        changes.push(self.mail(user, Message::MfaDisabled)?);
        Ok(Some(changes))
    }
}
