//! Proving that a mailbox is one's own.

use http::StatusCode;
use portcullis_core::{AuthUser, Denial, SchemeName};

use super::asked::Asked;
use super::ending::Keys;
use super::link::taken;
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, Link, LinkPurpose, RecordId, User};
use crate::store::{Change, UserUpdate};
use crate::token::LinkToken;
use crate::users::Users;
use crate::view::UserView;

const PURPOSE: LinkPurpose = LinkPurpose::VerifyEmail;

impl Users {
    /// Mails a new verification link to the account with this address, if there is one whose address is not proved yet. Earlier
    /// links are good for nothing any more.
    ///
    /// The answer is the same, after the same work, for addresses that are unknown, proved already or banned, and for those to
    /// which a link was sent less than a minute ago (AC-V3).
    ///
    /// # Errors
    ///
    /// 429 `rate_limited`; 503 `unavailable`.
    pub async fn request_verification(&self, email: &str) -> Result<(), Denial> {
        let asked = Asked {
            typed: email,
            purpose: PURPOSE,
            kind: AuditKind::EmailVerificationSent,
        };
        self.mail_if_known(&asked, not_to_verify, |_, link, _| Message::VerifyEmail {
            link,
        })
        .await
    }

    /// Mails a new verification link to this user. It is for applications, which know whom they mean: nothing is hidden.
    ///
    /// An address that is proved already gets no mail, nor does one that got such mail less than a minute ago.
    ///
    /// # Errors
    ///
    /// 404 `not_found`; 503 `unavailable`.
    pub async fn send_verification_email(&self, user: RecordId) -> Result<(), Denial> {
        let found = self.inner.store.user(&self.reference(user)).await?;
        let user = found.ok_or_else(|| {
            Denial::new(StatusCode::NOT_FOUND, "not_found").with_detail("there is no such user")
        })?;
        if not_to_verify(&user).is_some() || !self.may_mail(PURPOSE.as_str(), &user.email).await? {
            return Ok(());
        }
        let [link, mail] = self.send_link(&user, PURPOSE, &user.email)?;
        let audit = self.audit(Entry::success(AuditKind::EmailVerificationSent).to(user.id))?;
        self.commit_alike(vec![link, mail, audit]).await
    }

    /// Proves the address that a link was mailed to.
    ///
    /// A link that is unknown, used, superseded, expired, of another purpose or of another collection gets 400 `invalid_token`, and
    /// so does one whose account has another address by now (AC-V1). Links are not kept once they are used; whoever is logged in
    /// and proved already is answered with their account for any link that could have been one, so that opening one's own link
    /// a second time is no error (AC-V4).
    ///
    /// # What was set before the proof
    ///
    /// Anybody can register with anybody's address, and wait for its owner to come and use the account: then a password that
    /// the owner does not know is good for it (AC-V6). Which proof is whose decides:
    ///
    /// - **This link** was mailed because of the registration, and its mail says that an account was opened. Whoever presents it
    ///   agrees to that registration, in whatever browser the mail was opened: register here, open the link on the phone, log in
    ///   with the password that one chose is what nearly everybody does. So password and sessions stay. An owner who did not register
    ///   is told by the mail not to confirm; one who confirms all the same has an account whose password they do not know, and
    ///   the only ways into it are the ones below. What these would not end goes with this link, unless it is presented with a login
    ///   (not an API key) of the very account: API keys, and identities at providers.
    /// - **A new password by mail** ([`reset_password`](Self::reset_password)) replaces the password, ends every session and every
    ///   link, and, where the address was not proved before, takes the API keys and the identities at providers away as well.
    /// - **Other ways**, such as a login by a provider that vouches for the address, take away the password too, unless
    ///   [`with_insecure_unproved_password`](crate::Collection::with_insecure_unproved_password) says otherwise.
    ///
    /// Where that is not enough, [`distrust_registration`](crate::Collection::distrust_registration) treats this link as another
    /// way, unless it is presented with a login (not an API key) of the very account.
    ///
    /// # Errors
    ///
    /// 400 `invalid_token`; 429 `rate_limited`; 503 `unavailable`.
    pub async fn verify_email(
        &self,
        token: &str,
        caller: Option<&AuthUser>,
    ) -> Result<UserView, Denial> {
        self.limit(&self.inner.limits.take_link).await?;
        match self.verify_by_link(token, caller).await {
            Err(denial) if denial.status() == StatusCode::BAD_REQUEST => {
                let user = self.verified_before(token, caller).await?;
                user.map(|user| self.view(&user)).ok_or(denial)
            }
            done => done,
        }
    }

    async fn verify_by_link(
        &self,
        token: &str,
        caller: Option<&AuthUser>,
    ) -> Result<UserView, Denial> {
        let (link, user) = self.presented_link(token, PURPOSE).await?;
        let is_registrant = caller.is_some_and(|caller| self.is_login_of(caller, &user));
        let distrusts = self.settings().distrusts_registration && !is_registrant;
        let (update, mut changes) = self.proof(&link, &user, (is_registrant, distrusts))?;
        if !is_registrant && !distrusts {
            changes.extend(self.without_early_keys(&user).await?);
        }
        let after = update.applied_to(&user);
        changes.insert(1, Change::UpdateUser(Box::new(update)));
        self.commit(changes).await.map_err(taken)?;
        if distrusts {
            self.clean_up_sessions(&user).await;
        }
        Ok(self.view(&after))
    }

    fn proof(
        &self,
        link: &Link,
        user: &User,
        (is_registrant, distrusts): (bool, bool),
    ) -> Result<(UserUpdate, Vec<Change>), Denial> {
        let mut update = UserUpdate::new(user.reference(), self.now());
        update.if_email_key = Some(link.email.key().to_owned());
        update.verified = Some(true);
        let mut changes = vec![
            self.take(link),
            self.audit(Entry::success(AuditKind::UserVerified).by(user))?,
        ];
        if distrusts {
            changes.extend(self.distrust(user, &mut update)?);
        } else if !is_registrant {
            // A new password would not put out whoever made a key, or linked a provider of theirs, before the mailbox was proved.
            changes.extend(self.disown(user));
        }
        Ok((update, changes))
    }

    /// The keys that were made before an address was proved go. They are taken whichever there are; what is read is for the audit trail.
    async fn without_early_keys(&self, user: &User) -> Result<Vec<Change>, Denial> {
        let owner = user.reference();
        let has_keys = !self.inner.store.keys(&owner).await?.is_empty();
        let mut changes = vec![Change::DeleteKeys { owner }];
        if has_keys {
            let revoked = Entry::success(AuditKind::ApiKeyRevoked).to(user.id);
            changes.push(self.audit(revoked.reason("address_proved"))?);
        }
        Ok(changes)
    }

    /// What goes when an address is proved by somebody who may not be who registered: everything that was set before (AC-V6). Who
    /// had a password gets mail by which to set a new one.
    pub(crate) fn distrust(
        &self,
        user: &User,
        update: &mut UserUpdate,
    ) -> Result<Vec<Change>, Denial> {
        let mut changes = self.end_all(user, update, Keys::Go)?;
        changes.extend(self.disown(user));
        if user.password.is_some() && !self.settings().keeps_unproved_password {
            update.password = Some(None);
            changes.extend(self.send_link(user, LinkPurpose::ResetPassword, &user.email)?);
        }
        Ok(changes)
    }

    fn is_login_of(&self, caller: &AuthUser, user: &User) -> bool {
        *caller.scheme() != SchemeName::API_KEY && self.id_of(caller).is_ok_and(|id| id == user.id)
    }

    /// The caller, if proved already, for a token that could have been a link's.
    async fn verified_before(
        &self,
        token: &str,
        caller: Option<&AuthUser>,
    ) -> Result<Option<User>, Denial> {
        let own = caller.filter(|caller| self.id_of(caller).is_ok());
        let (Some(caller), Some(_)) = (own, LinkToken::read(token)) else {
            return Ok(None);
        };
        match self.account_of(caller).await {
            Ok(user) => Ok(Some(user).filter(|user| user.verified)),
            Err(denial) if denial.status() == StatusCode::UNAUTHORIZED => Ok(None),
            Err(denial) => Err(denial),
        }
    }
}

fn not_to_verify(user: &User) -> Option<&'static str> {
    if user.banned_at.is_some() {
        Some("account_banned")
    } else {
        user.verified.then_some("already_verified")
    }
}
