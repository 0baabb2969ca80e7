//! Opening an account.

use std::fmt;

use http::StatusCode;
use portcullis_core::Denial;
use portcullis_password::PolicyContext;
use zeroize::Zeroizing;

use super::issue::Session;
use super::login::LoggedIn;
use super::second_factor::{Challenge, FirstFactor};
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{
    AuditKind, EmailAddress, LinkPurpose, ProfileData, RecordId, StoredPassword, User,
};
use crate::settings::Setter;
use crate::store::{Change, CommitError, Conflict};
use crate::users::{Mode, Users};

/// Somebody who wants an account. The password is wiped when this is dropped, and no `Debug` shows it.
#[derive(Clone, Default)]
pub struct Register {
    /// The address.
    pub email: String,
    /// The password, as it was typed.
    pub password: Zeroizing<String>,
    /// The collection's own fields, `name` among them.
    pub profile: ProfileData,
    /// In which language mail is to be written: a BCP 47 tag.
    pub language: Option<String>,
    /// What is to be given; the service's own mode, unless said.
    pub mode: Option<Mode>,
}

impl Register {
    /// An account with this address and this password.
    pub fn new(email: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            password: Zeroizing::new(password.into()),
            ..Self::default()
        }
    }

    /// Sets one of the collection's own fields.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.profile.insert(name.into(), value.into());
        self
    }
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// What became of a registration.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is made once, taken apart at once, and never kept"
)]
pub enum Registered {
    /// The account is there, and its user logged in.
    LoggedIn(Session),
    /// The account is there; its user must enrol a second factor before anything else.
    Challenged(Challenge),
    /// The address must be proved first: mail is on its way. The answer is the same for an address that has an account.
    VerificationSent,
}

/// 422 `invalid_email`.
pub(crate) fn invalid_email() -> Denial {
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_email")
        .with_detail("this is not an e-mail address")
        .with_field("email", "format")
}

impl Users {
    /// Opens an account, and logs its user in; where the collection asks for proof of the address, sends mail instead.
    ///
    /// # Errors
    ///
    /// 422 `invalid_email`, `weak_password`, `field_not_allowed`, `invalid_field`; 409 `email_taken` (only where no proof is
    /// asked for); 403 `signup_disabled`; 429 `rate_limited`; 503 `busy`, `unavailable`.
    pub async fn register(&self, register: Register) -> Result<Registered, Denial> {
        self.limit(&self.inner.limits.register).await?;
        if !self.settings().allows_signup {
            return Err(Denial::new(StatusCode::FORBIDDEN, "signup_disabled")
                .with_detail("nobody can register here"));
        }
        let user = self.prepare(&register).await?;
        let (user, changes) = self.with_registration(user)?;
        match self.settings().requires_verified {
            true => self.register_unproved(user, changes).await,
            false => self.register_open(user, changes, &register).await,
        }
    }

    /// The account as it would be. Every fault of the request is found before anything is written, and whether the address has an
    /// account already plays no part in it.
    async fn prepare(&self, register: &Register) -> Result<User, Denial> {
        let email = EmailAddress::parse(&register.email).map_err(|_| invalid_email())?;
        let profile = self
            .settings()
            .new_profile(&register.profile, Setter::User)?;
        let mut context = PolicyContext::new().identifier(email.as_str());
        if let Some(name) = profile.get("name").and_then(|name| name.as_str()) {
            context = context.identifier(name);
        }
        let password = self.new_password(&register.password, &context).await?;
        self.new_user(email, Some(password), profile, register.language.clone())
    }

    pub(crate) fn new_user(
        &self,
        email: EmailAddress,
        password: Option<StoredPassword>,
        profile: ProfileData,
        language: Option<String>,
    ) -> Result<User, Denial> {
        let now = self.now();
        Ok(User {
            id: RecordId::new(now)?,
            collection: self.collection().to_owned(),
            email,
            password,
            roles: self.settings().default_roles.clone(),
            permissions: Vec::new(),
            verified: false,
            banned_at: None,
            profile,
            language,
            stamp: new_stamp()?,
            mfa_since: None,
            rights_changed_at: portcullis_core::Timestamp::UNIX_EPOCH,
            created_at: now,
            updated_at: now,
        })
    }

    /// The changes that open the account: its row, its entry in the audit trail, and the mail by which its address is proved.
    fn with_registration(&self, user: User) -> Result<(User, Vec<Change>), Denial> {
        let mut changes = vec![
            Change::InsertUser(Box::new(user.clone())),
            self.audit(Entry::success(AuditKind::UserRegistered).by(&user))?,
        ];
        changes.extend(self.send_link(&user, LinkPurpose::VerifyEmail, &user.email)?);
        Ok((user, changes))
    }

    async fn register_open(
        &self,
        user: User,
        changes: Vec<Change>,
        register: &Register,
    ) -> Result<Registered, Denial> {
        let user = match self.register_first(&user, &changes).await? {
            Some(first) => first,
            None => {
                self.commit(changes).await.map_err(email_taken)?;
                user
            }
        };
        let mode = register.mode.unwrap_or(self.inner.mode);
        let mut first = FirstFactor::by_password(user, mode);
        first.succeeded = None;
        Ok(match self.after_first_factor(first, Vec::new()).await? {
            LoggedIn::Done(session) => Registered::LoggedIn(session),
            LoggedIn::Challenged(challenge) => Registered::Challenged(challenge),
        })
    }

    /// Where the settings say so, the very first account of the collection has further roles. Of many that come at once, one is
    /// the first: the store decides.
    pub(super) async fn register_first(
        &self,
        user: &User,
        changes: &[Change],
    ) -> Result<Option<User>, Denial> {
        let further = &self.settings().first_user_roles;
        if further.is_empty() {
            return Ok(None);
        }
        let mut first = user.clone();
        first
            .roles
            .extend(further.iter().filter(|role| !user.has_role(role)).cloned());
        let mut changes = changes.to_vec();
        changes[0] = Change::InsertFirstUser(Box::new(first.clone()));
        match self.commit(changes).await {
            Ok(_) => Ok(Some(first)),
            Err(error) if error.conflict().is_some() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// New and known addresses get the same answer, in the same time: one commit, one mail.
    async fn register_unproved(
        &self,
        user: User,
        changes: Vec<Change>,
    ) -> Result<Registered, Denial> {
        if self.register_first(&user, &changes).await?.is_some() {
            return Ok(Registered::VerificationSent);
        }
        let address = user.email.clone();
        match self.commit(changes).await {
            Ok(_) => {}
            Err(error) if error.conflict() == Some(Conflict::EmailTaken) => {
                self.tell_owner(&address).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Registered::VerificationSent)
    }

    async fn tell_owner(&self, address: &EmailAddress) -> Result<(), Denial> {
        if !self.may_mail("already_registered", address).await? {
            return Ok(());
        }
        let mail = self.mail_to(address, None, Message::AlreadyRegistered)?;
        self.commit(vec![mail]).await?;
        Ok(())
    }
}

pub(super) fn email_taken(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::EmailTaken) => Denial::new(StatusCode::CONFLICT, "email_taken")
            .with_detail("there is an account with this address")
            .with_field("email", "taken"),
        _ => error.into(),
    }
}

/// 128 random bits in hex.
pub(crate) fn new_stamp() -> Result<String, Denial> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Denial::unavailable())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
