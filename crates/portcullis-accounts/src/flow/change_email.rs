//! Another address.

use std::time::Duration;

use http::StatusCode;
use portcullis_core::{AuthUser, Denial, Timestamp};

use super::ending::Keys;
use super::link::taken;
use super::register::invalid_email;
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, AuditQuery, EmailAddress, Link, LinkPurpose, User};
use crate::store::{Change, CommitError, Conflict, UserUpdate};
use crate::users::Users;
use crate::view::UserView;

const PURPOSE: LinkPurpose = LinkPurpose::ChangeEmail;

/// How often an undoing that crossed with something is judged anew: whoever has the account must not keep its owner out by being busy.
const ROUNDS: usize = 8;

/// What a change that was undone is in the audit trail.
const UNDONE: &str = "undone";

impl Users {
    /// Mails a link to a new address; the account has it when the link is presented, not before. Earlier such links are good for
    /// nothing any more.
    ///
    /// The answer is the same for an address that another account has: its owner is told that somebody has tried (AC-E3). It is the
    /// same, too, for an address to which such mail was sent less than a minute ago; then nothing is done.
    ///
    /// # Errors
    ///
    /// 401 if the caller is nobody of this collection, or `reauthentication_required` without a proof of the last ten minutes, and of the
    /// second factor where there is one (AC-E2);
    /// 403 `key_not_allowed`; 422 `invalid_email`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn request_email_change(&self, caller: &AuthUser, new: &str) -> Result<(), Denial> {
        let user = self
            .fresh_account(caller, &self.inner.limits.manage)
            .await?;
        let new = EmailAddress::parse(new).map_err(|_| invalid_email())?;
        let owner = self.find(new.as_str()).await?;
        let owner = owner.filter(|owner| owner.id != user.id);
        let may_mail = self.may_mail(PURPOSE.as_str(), &new).await?;
        let [link, mail] = match owner {
            _ if !may_mail => self.send_nothing(PURPOSE)?,
            Some(owner) => self.tell_holder(&user, &owner)?,
            None => self.send_link_about(&user, PURPOSE, &new, &new, |link| {
                Message::ChangeEmail { link }
            })?,
        };
        let entry = Entry::success(AuditKind::EmailChangeRequested).by_caller(caller);
        let audit = self.audit(entry.to(user.id))?;
        let changes = vec![self.while_logged_in(&user), link, mail, audit];
        match self.commit(changes).await {
            Err(error) if error.conflict() == Some(Conflict::Changed) => {
                Err(Denial::unauthenticated())
            }
            Err(error) if error.conflict() == Some(Conflict::NotFound) => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }

    /// Gives the account the address that the link was mailed to (AC-E1).
    ///
    /// Every login ends, also the one that asked: the link is presented without one. Links for a new password and for
    /// verifying are void; API keys stay. The former address is told, and where it had been proved, gets a link that undoes
    /// the change for 72 hours (AC-E4), unless the collection [has it otherwise](crate::Collection::allow_email_undo). Of several
    /// changes in that time only the first sends one: it stays good whatever is done with the account afterwards.
    ///
    /// # Errors
    ///
    /// 400 `invalid_token`; 409 `email_taken` if another account has the address by now (AC-E5); 429 `rate_limited`; 503 `unavailable`.
    pub async fn confirm_email_change(&self, token: &str) -> Result<UserView, Denial> {
        self.limit(&self.inner.limits.take_link).await?;
        let (link, user) = self.presented_link(token, PURPOSE).await?;
        let mut update = self.new_address(&user, &link);
        update.if_email_key = Some(user.email.key().to_owned());
        let mut changes = vec![self.take(&link)];
        changes.extend(self.end_all(&user, &mut update, Keys::Stay)?);
        changes.extend(self.tell_former_address(&user).await?);
        self.commit_address(&user, update, changes).await
    }

    /// Undoes a change of the address, by the link that the former address was sent.
    ///
    /// Whoever presents it says that somebody else had the account. So everything goes that could be somebody else's: every
    /// login, every link, the API keys, the password, the identities at providers, and a second factor that is younger than the change; a link
    /// by which to set a new password is mailed to the address at once, and the address that the account had is told.
    ///
    /// # Errors
    ///
    /// 400 `invalid_token`; 409 `email_taken` if another account has the address by now; 429 `rate_limited`; 503 `unavailable`, and then
    /// the link is good still.
    pub async fn undo_email_change(&self, token: &str) -> Result<UserView, Denial> {
        self.limit(&self.inner.limits.take_link).await?;
        for _ in 0..ROUNDS {
            let (link, user) = self.presented_link(token, LinkPurpose::UndoEmail).await?;
            let (update, changes) = self.undone(&link, &user)?;
            let after = update.applied_to(&user);
            match self.commit_undone(update, changes).await {
                Ok(()) => {
                    self.clean_up_sessions(&user).await;
                    return Ok(self.view(&after));
                }
                Err(error) if error.conflict() == Some(Conflict::Changed) => {}
                Err(error) => return Err(taken_or_used(error)),
            }
        }
        Err(Denial::unavailable())
    }

    /// What is judged by the account as it was read: whoever has it meanwhile may have made a second factor just now.
    fn undone(&self, link: &Link, user: &User) -> Result<(UserUpdate, Vec<Change>), Denial> {
        let mut update = self.new_address(user, link);
        update.if_stamp = Some(user.stamp.clone());
        update.password = Some(None);
        let mut changes = vec![self.take(link)];
        changes.extend(self.end_all(user, &mut update, Keys::Go)?);
        changes.push(Change::DeleteIdentities {
            owner: user.reference(),
        });
        changes.extend(self.take_later_factor(user, link, &mut update)?);
        changes.push(self.mail(user, Message::EmailChanged { undo: None })?);
        changes.extend(self.send_link(user, LinkPurpose::ResetPassword, &link.email)?);
        let entry = Entry::success(AuditKind::EmailChanged).by(user);
        changes.push(self.audit(entry.reason(UNDONE))?);
        Ok((update, changes))
    }

    async fn commit_undone(
        &self,
        update: UserUpdate,
        mut changes: Vec<Change>,
    ) -> Result<(), CommitError> {
        changes.insert(1, Change::UpdateUser(Box::new(update)));
        self.commit(changes).await.map(drop)
    }

    /// A second factor that was made after the address had been changed is somebody else's, as all that was done then; an older one
    /// stays, or the link would be a way around it.
    fn take_later_factor(
        &self,
        user: &User,
        link: &Link,
        update: &mut UserUpdate,
    ) -> Result<Vec<Change>, Denial> {
        if user.mfa_since.is_none_or(|since| since < link.created_at) {
            return Ok(Vec::new());
        }
        update.mfa_since = Some(None);
        let owner = user.reference();
        let entry = Entry::success(AuditKind::MfaDisabled).by(user);
        Ok(vec![
            Change::DeleteFactor { owner },
            self.audit(entry.reason(UNDONE))?,
            self.mail(user, Message::MfaDisabled)?,
        ])
    }

    fn new_address(&self, user: &User, link: &Link) -> UserUpdate {
        let mut update = UserUpdate::new(user.reference(), self.now());
        update.email = Some(link.email.clone());
        update.verified = Some(true);
        update
    }

    async fn commit_address(
        &self,
        user: &User,
        update: UserUpdate,
        mut changes: Vec<Change>,
    ) -> Result<UserView, Denial> {
        let after = update.applied_to(user);
        changes.insert(1, Change::UpdateUser(Box::new(update)));
        self.commit(changes).await.map_err(taken_or_used)?;
        self.clean_up_sessions(user).await;
        Ok(self.view(&after))
    }

    /// Instead of a link: the caller's earlier ones go, and who has the address is told, at the address as it is stored.
    fn tell_holder(&self, user: &User, owner: &User) -> Result<[Change; 2], Denial> {
        let earlier = Change::DropLinks {
            owner: user.reference(),
            purposes: vec![PURPOSE],
        };
        Ok([earlier, self.mail(owner, Message::EmailInUse)?])
    }

    /// The notice to the former address, and the entry in the audit trail, which says until when the change can be undone.
    async fn tell_former_address(&self, user: &User) -> Result<Vec<Change>, Denial> {
        let earlier = self.undo_until(user).await?;
        let may_undo = earlier.is_none() && user.verified && self.settings().allows_email_undo;
        let (until, mut changes) = match may_undo {
            true => {
                let until = self.now().saturating_add(UNDO);
                let link = self.send_undo_link(user)?;
                (Some(format!("{UNDO_UNTIL}{until}")), Vec::from(link))
            }
            false => {
                let notice = Message::EmailChanged { undo: None };
                (earlier, vec![self.mail(user, notice)?])
            }
        };
        let entry = Entry::success(AuditKind::EmailChanged).by(user);
        changes.push(self.audit(match until {
            Some(until) => entry.detail(until),
            None => entry,
        })?);
        Ok(changes)
    }

    fn send_undo_link(&self, user: &User) -> Result<[Change; 2], Denial> {
        let former = &user.email;
        self.send_link_about(user, LinkPurpose::UndoEmail, former, former, |link| {
            Message::EmailChanged { undo: Some(link) }
        })
    }

    /// Until when an earlier change can still be undone, as it stands in the audit trail. Its link must not be superseded: whoever
    /// has taken an account over would only have to change the address twice. (An audit trail that is kept for less than 72 hours
    /// protects it for as long.)
    async fn undo_until(&self, user: &User) -> Result<Option<String>, Denial> {
        let query = AuditQuery {
            collection: self.collection().to_owned(),
            user: Some(user.id),
            kind: Some(AuditKind::EmailChanged),
            before: None,
            limit: 1,
        };
        let last = self.inner.store.events(&query).await?.pop();
        let detail = last.and_then(|last| last.detail);
        Ok(detail.filter(|detail| {
            let until = detail.strip_prefix(UNDO_UNTIL).map(str::parse::<Timestamp>);
            matches!(until, Some(Ok(until)) if self.now() < until)
        }))
    }
}

/// How long a change can be undone (AC-E4).
const UNDO: Duration = Duration::from_secs(72 * 3600);

/// What stands before the time in the entry of the audit trail.
const UNDO_UNTIL: &str = "undo_until:";

fn taken_or_used(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::EmailTaken) => Denial::new(StatusCode::CONFLICT, "email_taken")
            .with_detail("there is another account with this address")
            .with_field("email", "taken"),
        _ => taken(error),
    }
}
