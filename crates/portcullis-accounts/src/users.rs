use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use portcullis_core::{AuthUser, Denial, SchemeName, Timestamp, fresh};
use portcullis_limit::{Quota, normalize_identifier};
use subtle::ConstantTimeEq;

use crate::accounts::{Inner, Realm};
use crate::audit::Entry;
use crate::gate::Counted;
use crate::mail::{self, Message};
use crate::model::{EmailAddress, RecordId, User, UserRef};
use crate::origin::Origin;
use crate::secrets::{Use, mac};
use crate::settings::Collection;
use crate::store::{Change, CommitError, Committed};
use crate::view::UserView;

/// How long a proof of who one is counts as fresh.
pub(crate) const FRESH: Duration = Duration::from_secs(600);

/// What a login gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// An access token and a refresh token, for programs that keep them themselves.
    #[default]
    Token,
    /// A session cookie, for browsers.
    Cookie,
}

/// The users of one collection, and everything that can be done with them: one method a flow.
///
/// The limits, the locks, the audit trail are in the methods, so a caller without HTTP is held to them as well. Say who calls
/// by [`from`](Self::from); otherwise all such calls count as one client's.
///
/// Every refusal is a [`Denial`] with a stable code; what else a flow may answer is said at it.
#[derive(Clone)]
#[must_use]
pub struct Users {
    pub(crate) inner: Arc<Inner>,
    pub(crate) realm: Arc<Realm>,
    pub(crate) origin: Origin,
}

impl Users {
    /// The same users, for a caller from here.
    pub fn from(&self, origin: Origin) -> Self {
        Self {
            origin,
            ..self.clone()
        }
    }

    /// The collection's name.
    #[must_use]
    pub fn collection(&self) -> &str {
        &self.realm.name
    }

    pub(crate) fn settings(&self) -> &Collection {
        &self.realm.settings
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.now()
    }

    /// How a user is shown to itself.
    pub(crate) fn view(&self, user: &User) -> UserView {
        UserView::new(user, self.settings())
    }

    pub(crate) fn reference(&self, id: RecordId) -> UserRef {
        UserRef::new(self.collection(), id)
    }

    // Who calls.

    /// The id of a caller, who must be of this collection: a credential of another one is nobody here (AC-B: collections never cross).
    pub(crate) fn id_of(&self, caller: &AuthUser) -> Result<RecordId, Denial> {
        let id = UserRef::of(caller).filter(|user| user.collection == self.collection());
        id.map(|user| user.id).ok_or_else(Denial::unauthenticated)
    }

    /// The account of a caller as it is now.
    pub(crate) async fn account_of(&self, caller: &AuthUser) -> Result<User, Denial> {
        let id = self.id_of(caller)?;
        let user = self.inner.store.user(&self.reference(id)).await?;
        let user = user.filter(|user| crate::schemes::may_enter(user, self.settings()));
        let user = user.ok_or_else(Denial::unauthenticated)?;
        self.require_login(caller, &user).await?;
        Ok(user)
    }

    /// Refuses an access token whose login has ended: another node may have ended it this moment, and this one not have heard of
    /// it. Nobody makes by such a token what would outlive it, a key or another address. Tokens that belong to no login, which the
    /// application has issued itself, are no better or worse than before.
    async fn require_login(&self, caller: &AuthUser, user: &User) -> Result<(), Denial> {
        let is_by_token = *caller.scheme() == SchemeName::JWT;
        let sid = caller.session_id().filter(|_| is_by_token);
        let Some(id) = sid.and_then(|sid| sid.parse().ok()) else {
            return Ok(());
        };
        let family = self.inner.store.family(id).await?;
        let is_there =
            family.is_some_and(|family| family.owner.id == user.id && family.stamp == user.stamp);
        match is_there {
            true => Ok(()),
            false => Err(Denial::unauthenticated()),
        }
    }

    /// Refuses API keys: 403 `key_not_allowed` (AC-K4).
    #[expect(clippy::unused_self, reason = "it reads like the other checks")]
    pub(crate) fn not_by_key(&self, caller: &AuthUser) -> Result<(), Denial> {
        match *caller.scheme() == SchemeName::API_KEY {
            true => Err(Denial::new(StatusCode::FORBIDDEN, "key_not_allowed")
                .with_detail("an API key cannot do this")),
            false => Ok(()),
        }
    }

    /// The same, but for a key with the scope `admin` where the settings let such keys manage keys.
    pub(crate) fn not_by_key_unless_admin(&self, caller: &AuthUser) -> Result<(), Denial> {
        let is_admin = caller
            .scopes()
            .is_none_or(|scopes| scopes.contains("admin"));
        match self.settings().admin_keys_manage_keys && is_admin {
            true => Ok(()),
            false => self.not_by_key(caller),
        }
    }

    /// Refuses callers whose last proof of who they are is older than ten minutes: 401 `reauthentication_required` (AC-E2, AC-M3).
    ///
    /// A flow asks [`fresh_account`](Self::fresh_account), which asks this as well.
    pub(crate) fn require_fresh(&self, caller: &AuthUser) -> Result<(), Denial> {
        caller.require(&fresh(FRESH).with_clock(&self.inner.clock))
    }

    /// The account of a caller who may do what is delicate: no API key, proved within ten minutes, and where the account has a
    /// second factor, proved by two (AC-E2). Counted by this quota.
    pub(crate) async fn fresh_account(
        &self,
        caller: &AuthUser,
        quota: &Quota,
    ) -> Result<User, Denial> {
        let user = self.proved_account(caller, quota).await?;
        self.require_factors(caller, &user)?;
        Ok(user)
    }

    /// The same, where what follows asks for a code of the second factor itself.
    pub(crate) async fn proved_account(
        &self,
        caller: &AuthUser,
        quota: &Quota,
    ) -> Result<User, Denial> {
        let id = self.id_of(caller)?;
        self.not_by_key(caller)?;
        self.require_fresh(caller)?;
        self.limit_user(id, quota).await?;
        self.account_of(caller).await
    }

    /// Refuses callers who have proved one factor of an account that has two: 401 `reauthentication_required`, which a code answers
    /// (AC-E2). A login from a trusted device is one of them.
    #[expect(clippy::unused_self, reason = "it reads like the other checks")]
    pub(crate) fn require_factors(&self, caller: &AuthUser, user: &User) -> Result<(), Denial> {
        match user.mfa_since.is_none() || caller.is_multi_factor() {
            true => Ok(()),
            false => Err(Denial::reauthentication_required(FRESH)
                .with_detail("this needs a login with a second factor")),
        }
    }

    // Limits.

    /// Counts a call by the client that makes it: 429 `rate_limited`. Where the HTTP service has done so before it read the body,
    /// it is not done again.
    pub(crate) async fn limit(&self, quota: &Quota) -> Result<(), Denial> {
        match self.origin.is_counted {
            true => Ok(()),
            false => self.count(quota).await,
        }
    }

    /// Counts a call by the client that makes it, in any case.
    pub(crate) async fn count(&self, quota: &Quota) -> Result<(), Denial> {
        self.inner
            .gate
            .pass(&[(Counted::Client(self.origin.client), quota)])
            .await
    }

    /// Counts a call by the user that makes it.
    pub(crate) async fn limit_user(&self, user: RecordId, quota: &Quota) -> Result<(), Denial> {
        let id = user.to_string();
        self.inner
            .gate
            .pass(&[(Counted::Identifier(self.collection(), &id), quota)])
            .await
    }

    /// Counts a call by the client and by the identifier that it is about, as it was typed.
    pub(crate) async fn limit_both(
        &self,
        client: &Quota,
        typed: &str,
        identifier: &Quota,
    ) -> Result<(), Denial> {
        let normal = normalize_identifier(typed);
        let counts = [
            (Counted::Identifier(self.collection(), &normal), identifier),
            (Counted::Client(self.origin.client), client),
        ];
        let counts = if self.origin.is_counted {
            &counts[..1]
        } else {
            &counts[..]
        };
        self.inner.gate.pass(counts).await
    }

    /// Whether one more mail of this kind may go to an address; where not, the answer is the same and nothing is sent.
    pub(crate) async fn may_mail(
        &self,
        kind: &str,
        address: &EmailAddress,
    ) -> Result<bool, Denial> {
        let identifier = format!("{kind} {}", address.key());
        let counted = Counted::Identifier(self.collection(), &identifier);
        self.inner
            .gate
            .admits(counted, &self.inner.limits.mail_to)
            .await
    }

    // Writing.

    /// The change that writes an entry into the audit trail.
    pub(crate) fn audit(&self, entry: Entry) -> Result<Change, Denial> {
        let (now, networks) = (self.now(), self.inner.networks);
        entry.into_change(self.collection(), &self.origin, now, networks)
    }

    /// The change that queues a mail to a user, worth sending for `worth`.
    pub(crate) fn mail(&self, user: &User, message: Message) -> Result<Change, Denial> {
        self.mail_to(&user.email, user.language.as_deref(), message)
    }

    /// The change that queues a mail to an address.
    pub(crate) fn mail_to(
        &self,
        to: &EmailAddress,
        language: Option<&str>,
        message: Message,
    ) -> Result<Change, Denial> {
        const WORTH_SENDING: Duration = Duration::from_secs(24 * 3600);
        let expires_at = self.now().saturating_add(WORTH_SENDING);
        self.mail_until(to, language, message, expires_at)
    }

    /// The change that queues a mail which is not worth sending any more from `expires_at` on.
    pub(crate) fn mail_until(
        &self,
        to: &EmailAddress,
        language: Option<&str>,
        message: Message,
        expires_at: Timestamp,
    ) -> Result<Change, Denial> {
        let language = language.or(self.settings().language.as_deref());
        let now = self.now();
        mail::queue(&self.inner.sealing, to, language, message, now, expires_at)
    }

    /// Commits, and sees to what follows: revocations and caches of this node, the outbox, whoever listens.
    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Result<Committed, CommitError> {
        self.inner.commit(changes).await
    }

    /// Commits what is only an entry in the audit trail.
    pub(crate) async fn record(&self, entry: Entry) -> Result<(), Denial> {
        let change = self.audit(entry)?;
        self.commit(vec![change]).await?;
        Ok(())
    }

    /// What stands in the audit trail for somebody who has no account: a keyed hash of what was typed, never the address (AC-U2).
    pub(crate) fn stranger(&self, typed: &str) -> String {
        let hash = self.keyed(Use::Audit, &normalize_identifier(typed));
        format!("identifier:{hash}")
    }

    /// 128 bits of a keyed hash of a text within this collection, in hex: what a store may see of who was named.
    pub(crate) fn keyed(&self, purpose: Use, text: &str) -> String {
        self.keyed_by(&*self.inner.secrets.key(purpose), text)
    }

    /// Whether this was made of the text, under the secret of today or a former one: what is half done outlives a new secret.
    pub(crate) fn is_keyed(&self, purpose: Use, text: &str, hash: &str) -> bool {
        let mut keys = self.inner.secrets.keys(purpose);
        keys.any(|key| {
            let own = self.keyed_by(&*key, text);
            own.as_bytes().ct_eq(hash.as_bytes()).into()
        })
    }

    fn keyed_by(&self, key: &[u8], text: &str) -> String {
        let parts: [&[u8]; 3] = [self.collection().as_bytes(), &[0], text.as_bytes()];
        let hash = mac(key, &parts);
        let bytes = hash.iter().take(16);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users")
            .field("collection", &self.realm.name)
            .finish_non_exhaustive()
    }
}
