//! One-time links: made, and presented.

use std::time::Duration;

use http::StatusCode;
use portcullis_core::Denial;

use crate::mail::Message;
use crate::model::{EmailAddress, Link, LinkPurpose, RecordId, User};
use crate::store::{Change, CommitError, Conflict};
use crate::token::LinkToken;
use crate::users::Users;

const HOUR: Duration = Duration::from_secs(3600);

/// How long links are good: AC-V1, AC-Z1, AC-E1, AC-E4; an unlock link as long as a reset link.
const fn life(purpose: LinkPurpose) -> Duration {
    match purpose {
        LinkPurpose::VerifyEmail | LinkPurpose::ChangeEmail => HOUR.saturating_mul(24),
        LinkPurpose::ResetPassword | LinkPurpose::Unlock => HOUR,
        LinkPurpose::UndoEmail => HOUR.saturating_mul(72),
    }
}

/// 400 `invalid_token`: unknown, used, expired and another purpose's alike.
pub(crate) fn invalid_token() -> Denial {
    Denial::new(StatusCode::BAD_REQUEST, "invalid_token")
        .with_detail("the link is not good, or not any more")
}

/// The answer to a commit that takes a link: whoever came second gets what an unknown link gets.
pub(crate) fn taken(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::NotFound | Conflict::Changed) => invalid_token(),
        _ => error.into(),
    }
}

impl Users {
    /// The changes that make a link and mail it: to `to`, which is also the address that the link concerns. Earlier links of the
    /// same user and purpose are good for nothing any more.
    pub(crate) fn send_link(
        &self,
        user: &User,
        purpose: LinkPurpose,
        to: &EmailAddress,
    ) -> Result<[Change; 2], Denial> {
        self.send_link_about(user, purpose, to, to, |link| {
            Message::with_link(purpose, link)
        })
    }

    /// The same, where the mail goes to one address and the link concerns another, or where the mail has words of its own. The
    /// mail is worth sending for as long as the link is good.
    pub(crate) fn send_link_about(
        &self,
        user: &User,
        purpose: LinkPurpose,
        to: &EmailAddress,
        about: &EmailAddress,
        words: impl FnOnce(String) -> Message,
    ) -> Result<[Change; 2], Denial> {
        let now = self.now();
        let token = LinkToken::new(RecordId::new(now)?)?;
        let expires_at = now.saturating_add(life(purpose));
        let link = Link {
            id: token.id,
            owner: user.reference(),
            purpose,
            digest: token.digest(&self.inner.secrets, purpose),
            email: about.clone(),
            created_at: now,
            expires_at,
        };
        let message = words(self.url(&token, purpose));
        let language = user.language.as_deref();
        let mail = self.mail_until(to, language, message, expires_at)?;
        Ok([Change::InsertLink(Box::new(link)), mail])
    }

    /// As much work as [`send_link`](Self::send_link), where nobody is to be sent anything: links of nobody are dropped, and a mail
    /// is queued that is past its end and goes to an address that cannot exist (RFC 2606 §2). Whoever measures how long a request
    /// takes learns nothing of who has an account (AC-Z4).
    pub(crate) fn send_nothing(&self, purpose: LinkPurpose) -> Result<[Change; 2], Denial> {
        let now = self.now();
        let token = LinkToken::new(RecordId::new(now)?)?;
        let _ = token.digest(&self.inner.secrets, purpose);
        let message = Message::with_link(purpose, self.url(&token, purpose));
        Ok([
            Change::DropLinks {
                owner: self.reference(token.id),
                purposes: vec![purpose],
            },
            self.mail_to_nobody(message)?,
        ])
    }

    /// As much work as a mail that is sent.
    pub(crate) fn mail_to_nobody(&self, message: Message) -> Result<Change, Denial> {
        let nobody = EmailAddress::from_parts("nobody@portcullis.invalid", "");
        self.mail_until(&nobody, None, message, self.now())
    }

    fn url(&self, token: &LinkToken, purpose: LinkPurpose) -> String {
        let (base, page) = (&self.inner.base_url, self.inner.pages.path(purpose));
        format!("{base}{page}#token={}", *token.write())
    }

    /// The link that somebody presents, and its owner. Nothing is used up: that is done by [`take`](Self::take), in the commit
    /// that does what the link is for.
    pub(crate) async fn presented_link(
        &self,
        token: &str,
        purpose: LinkPurpose,
    ) -> Result<(Link, User), Denial> {
        let token = LinkToken::read(token).ok_or_else(invalid_token)?;
        let link = self
            .inner
            .store
            .link(token.id)
            .await?
            .ok_or_else(invalid_token)?;
        let is_good = link.purpose == purpose
            && link.owner.collection == self.collection()
            && self.now() < link.expires_at
            && token.fits(&link, &self.inner.secrets);
        if !is_good {
            return Err(invalid_token());
        }
        let user = self.inner.store.user(&link.owner).await?;
        let user = user
            .filter(|user| user.banned_at.is_none())
            .ok_or_else(invalid_token)?;
        Ok((link, user))
    }

    /// The change that uses a link up: of many at once, one succeeds.
    pub(crate) fn take(&self, link: &Link) -> Change {
        Change::TakeLink {
            id: link.id,
            digest: link.digest,
            purpose: link.purpose,
            at: self.now(),
        }
    }
}
