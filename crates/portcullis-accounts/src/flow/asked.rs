//! Mail that strangers ask for, by naming an address.

use portcullis_core::Denial;

use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, EmailAddress, LinkPurpose, RecordId, User};
use crate::store::{Change, Conflict};
use crate::users::Users;

/// Somebody names an address and asks that a link be mailed to it.
pub(super) struct Asked<'a> {
    /// The address as it was typed. Mail goes to the one that is stored (AC-Z5).
    pub(super) typed: &'a str,
    pub(super) purpose: LinkPurpose,
    /// What it is in the audit trail.
    pub(super) kind: AuditKind,
}

impl Users {
    /// Mails a link to the account that has this address, if it is one that `refused` says nothing against.
    ///
    /// The answer is the same for every address, and so is what is done until it is given: one look for an account, one for the
    /// providers by which it is entered, one count of the mails to that address, one commit of a link, a mail and an entry in the audit trail. Where nobody is to get mail, what is
    /// committed is as much and of no effect.
    pub(super) async fn mail_if_known(
        &self,
        asked: &Asked<'_>,
        refused: impl Fn(&User) -> Option<&'static str>,
        words: impl FnOnce(&User, String, Vec<String>) -> Message,
    ) -> Result<(), Denial> {
        let limits = &self.inner.limits;
        self.limit_both(&limits.request_link, asked.typed, &limits.request_link_for)
            .await?;
        let user = self.find(asked.typed).await?;
        let providers = self.providers_of(user.as_ref()).await?;
        let is_too_soon = !self.may_mail_again(asked).await?;
        let refusal = match &user {
            None => Some("no_account"),
            Some(user) => refused(user).or(is_too_soon.then_some("too_soon")),
        };
        let sent = match (&user, refusal) {
            (Some(user), None) => {
                let to = &user.email;
                self.send_link_about(user, asked.purpose, to, to, |link| {
                    words(user, link, providers)
                })?
            }
            _ => self.send_nothing(asked.purpose)?,
        };
        let [link, mail] = sent;
        let audit = self.audit(self.entry(asked, user.as_ref(), refusal))?;
        self.commit_alike(vec![link, mail, audit]).await
    }

    /// By which providers a user logs in, as people call them; nobody by none, after as much work.
    async fn providers_of(&self, user: Option<&User>) -> Result<Vec<String>, Denial> {
        let owner = match user {
            Some(user) => user.reference(),
            None => self.reference(RecordId::new(self.now())?),
        };
        let identities = self.inner.store.identities(&owner).await?;
        let titles = identities
            .iter()
            .map(|identity| self.inner.title_of(&identity.provider).to_owned());
        let mut titles: Vec<String> = titles.collect();
        titles.sort();
        titles.dedup();
        Ok(titles)
    }

    async fn may_mail_again(&self, asked: &Asked<'_>) -> Result<bool, Denial> {
        match EmailAddress::parse(asked.typed) {
            Ok(address) => self.may_mail(asked.purpose.as_str(), &address).await,
            Err(_) => Ok(true),
        }
    }

    fn entry(&self, asked: &Asked<'_>, user: Option<&User>, refusal: Option<&str>) -> Entry {
        let entry = match refusal {
            None => Entry::success(asked.kind),
            Some(reason) => Entry::failure(asked.kind, reason),
        };
        match user {
            Some(user) => entry.to(user.id),
            None => entry.detail(self.stranger(asked.typed)),
        }
    }

    /// Commits, where the answer must not tell what came of it: an account that has gone in the meantime is none.
    pub(super) async fn commit_alike(&self, changes: Vec<Change>) -> Result<(), Denial> {
        match self.commit(changes).await {
            Err(error) if error.conflict() == Some(Conflict::NotFound) => Ok(()),
            done => Ok(done.map(drop)?),
        }
    }
}
