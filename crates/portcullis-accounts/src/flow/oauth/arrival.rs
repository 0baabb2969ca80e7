//! Somebody whom a provider vouches for.

use portcullis_core::{Denial, Timestamp};
use portcullis_oauth::{Exchanged, Profile, Provider, ProviderTokens};

use super::refusals::{about, email_not_verified};
use crate::audit::Entry;
use crate::flow::issue::LONG_AGO;
use crate::model::{AuditKind, EmailAddress, Identity, RecordId, User};
use crate::store::Change;
use crate::users::Users;

/// The longest address that is kept to recognise an identity by (RFC 5321 §4.5.3.1.3).
const LONGEST: usize = 254;

/// Who it is there, and what the provider gave along.
pub(super) struct Arrival<'a> {
    pub(super) provider: &'a Provider,
    pub(super) profile: Profile,
    tokens: ProviderTokens,
}

impl<'a> Arrival<'a> {
    pub(super) fn new(provider: &'a Provider, exchanged: Exchanged) -> Self {
        Self {
            provider,
            profile: exchanged.profile,
            tokens: exchanged.tokens,
        }
    }

    /// The address that the provider vouches for.
    ///
    /// # Errors
    ///
    /// 403 `email_not_verified_by_provider`, also for what is no address here.
    pub(super) fn address(&self) -> Result<EmailAddress, Denial> {
        let profile = &self.profile;
        let email = profile.email.as_deref().filter(|_| profile.email_verified);
        let email = email.and_then(|email| EmailAddress::parse(email).ok());
        email.ok_or_else(email_not_verified)
    }

    /// The address as it is shown to the identity's owner.
    fn shown_email(&self) -> Option<String> {
        let is_short = |email: &&str| email.len() <= LONGEST && !email.contains(char::is_control);
        self.profile
            .email
            .as_deref()
            .filter(is_short)
            .map(str::to_owned)
    }
}

impl Users {
    /// The identity that links this arrival to a user.
    pub(super) fn new_identity(
        &self,
        arrival: &Arrival<'_>,
        user: &User,
    ) -> Result<Change, Denial> {
        let now = self.now();
        let id = RecordId::new(now)?;
        Ok(Change::InsertIdentity(Box::new(Identity {
            id,
            owner: user.reference(),
            provider: arrival.provider.name().to_owned(),
            issuer: arrival.profile.issuer.clone(),
            subject: arrival.profile.subject.clone(),
            email: arrival.shown_email(),
            sealed_tokens: self.kept_tokens(arrival, id)?,
            created_at: now,
            last_used_at: None,
        })))
    }

    /// The change that notes its use.
    pub(super) fn use_identity(
        &self,
        arrival: &Arrival<'_>,
        identity: &Identity,
    ) -> Result<Change, Denial> {
        Ok(Change::UseIdentity {
            owner: identity.owner.clone(),
            id: identity.id,
            at: self.now(),
            email: arrival.shown_email(),
            sealed_tokens: self.kept_tokens(arrival, identity.id)?,
        })
    }

    fn kept_tokens(
        &self,
        arrival: &Arrival<'_>,
        identity: RecordId,
    ) -> Result<Option<Vec<u8>>, Denial> {
        let keeps = self.inner.oauth.keeps_tokens;
        keeps
            .then(|| self.seal_tokens(&arrival.tokens, identity))
            .transpose()
    }

    /// When somebody has proved who they are: at the provider, as it says, and whenever where it does not say, unless the settings
    /// [take its word](crate::AccountsBuilder::with_insecure_fresh_logins_by) for this moment's. To open an account is as good a proof as
    /// it is with a password; of one without, nobody else has given any.
    pub(super) fn proved_at(&self, arrival: &Arrival<'_>, user: &User) -> Timestamp {
        let now = self.now();
        if self.inner.oauth.is_fresh_by(arrival.provider) {
            return now;
        }
        let said = arrival.profile.authenticated_at.unwrap_or(LONG_AGO);
        let opened = match user.password {
            None => user.created_at,
            Some(_) => LONG_AGO,
        };
        said.max(opened).min(now)
    }

    /// The entry that says that the provider's word was taken for who the user is.
    pub(super) fn vouched(&self, arrival: &Arrival<'_>, user: &User) -> Result<Change, Denial> {
        let entry = Entry::success(AuditKind::OauthLogin).by(user);
        self.audit(about(arrival.provider, entry))
    }
}
