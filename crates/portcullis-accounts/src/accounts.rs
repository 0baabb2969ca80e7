use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{AuthnLayer, ClientAddress, RoleMap, SharedClock, Timestamp};
use portcullis_jwt::{Issuer, KeyRing, Revocations};
use portcullis_limit::Lockout;
use portcullis_mfa::SealingKeys;
use portcullis_password::{BreachedPasswords, HashPool, PasswordPolicy};
use portcullis_session::CookieSessions;

use crate::audit::EventSink;
use crate::background::{Background, RevocationFeed, Uses};
use crate::devices::Devices;
use crate::door::Door;
use crate::gate::Gate;
use crate::layer::AccountsLayer;
use crate::mail::{Health, MailTexts, Mailer};
use crate::networks::Networks;
use crate::noted_keys::NotedKeys;
use crate::schemes::Access;
use crate::secrets::Secrets;
#[cfg(feature = "oauth")]
use crate::settings::Oauth;
use crate::settings::{Collection, Limits, Offered, Pages, ParentGrace};
use crate::signing::SigningKeys;
use crate::store::AccountStore;
use crate::users::{Mode, Users};
use crate::vault::Vault;
use crate::{AccountsBuilder, Origin};

/// The accounts of an application: one handle, cheap to clone, for everything.
///
#[doc = include_str!("../docs/accounts.md")]
#[derive(Clone)]
pub struct Accounts {
    pub(crate) inner: Arc<Inner>,
}

/// What all the flows share.
pub(crate) struct Inner {
    pub(crate) store: Arc<dyn AccountStore>,
    pub(crate) realms: BTreeMap<String, Arc<Realm>>,
    pub(crate) clock: SharedClock,
    pub(crate) secrets: Secrets,
    pub(crate) sealing: SealingKeys,
    pub(crate) vault: Vault,
    pub(crate) ring: KeyRing,
    pub(crate) signing_keys: Option<SigningKeys>,
    pub(crate) issuer: Issuer,
    pub(crate) token_life: Duration,
    pub(crate) revocations: Revocations,
    pub(crate) access: Access,
    pub(crate) keys: NotedKeys,
    pub(crate) cookies: CookieSessions,
    pub(crate) devices: Devices,
    pub(crate) pool: HashPool,
    pub(crate) breached: Option<Arc<dyn BreachedPasswords>>,
    pub(crate) gate: Gate,
    pub(crate) limits: Limits,
    pub(crate) lockouts: Lockouts,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) texts: Arc<dyn MailTexts>,
    pub(crate) sinks: Vec<Arc<dyn EventSink>>,
    pub(crate) uses: Uses,
    pub(crate) background: Background,
    pub(crate) feed: Option<Arc<dyn RevocationFeed>>,
    pub(crate) mail_bell: tokio::sync::Notify,
    pub(crate) mail_health: Health,
    pub(crate) base_url: String,
    pub(crate) pages: Pages,
    pub(crate) addresses: ClientAddress,
    pub(crate) mode: Mode,
    pub(crate) parent_grace: ParentGrace,
    pub(crate) reuse_interval: Duration,
    pub(crate) reveals_lock: bool,
    pub(crate) audit_kept_for: Option<Duration>,
    pub(crate) networks: Networks,
    pub(crate) role_map: RoleMap,
    pub(crate) service_name: String,
    pub(crate) cookie_name: String,
    pub(crate) offered: Vec<Offered>,
    #[cfg(feature = "oauth")]
    pub(crate) oauth: Oauth,
}

/// One collection, and what is made for it.
pub(crate) struct Realm {
    pub(crate) name: String,
    pub(crate) settings: Collection,
    pub(crate) policy: PasswordPolicy,
    /// The sessions, with this collection's limits.
    pub(crate) cookies: CookieSessions,
}

/// A counter of failures for each purpose (AC-L7); `None` where limits are off.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lockouts {
    /// Passwords, at login and where they are asked for again.
    pub(crate) password: Option<Lockout>,
    /// Codes of an authenticator app, wherever they are asked for.
    pub(crate) totp: Option<Lockout>,
    /// Recovery codes.
    pub(crate) recovery: Option<Lockout>,
}

impl Accounts {
    /// Configures accounts in a store, with a mailer, for an application whose pages are under `base_url`
    /// (`https://app.example`): links in mails lead there, and nothing that a request says ever changes it.
    pub fn builder(
        store: impl AccountStore,
        mailer: impl Mailer,
        base_url: impl Into<String>,
    ) -> AccountsBuilder {
        AccountsBuilder::new(Arc::new(store), Arc::new(mailer), base_url.into())
    }

    /// The users of the collection `users`.
    ///
    /// # Panics
    ///
    /// If there is no such collection: an application that has others names them by [`users_of`](Self::users_of).
    pub fn users(&self) -> Users {
        self.users_of("users")
            .expect("the collection `users` was not configured")
    }

    /// The users of a collection, if there is one of this name.
    #[must_use]
    pub fn users_of(&self, collection: &str) -> Option<Users> {
        let realm = self.inner.realms.get(collection)?;
        Some(Users {
            inner: Arc::clone(&self.inner),
            realm: Arc::clone(realm),
            origin: Origin::default(),
        })
    }

    /// The names of the collections.
    pub fn collections(&self) -> impl Iterator<Item = &str> {
        self.inner.realms.keys().map(String::as_str)
    }

    /// The layer that finds out who is calling: access tokens, API keys and session cookies of all collections.
    pub fn authn(&self) -> AccountsLayer {
        let names = Arc::new(self.collections().map(str::to_owned).collect());
        let authn = AuthnLayer::new()
            .scheme(Door::new(self.inner.access.clone(), Arc::clone(&names)))
            .scheme(Door::new(self.inner.keys.clone(), Arc::clone(&names)))
            .scheme(Door::new(self.inner.cookies.clone(), names));
        let clock = Arc::clone(&self.inner.clock);
        AccountsLayer::new(authn, self.inner.cookies.renewal(), clock)
    }

    /// The keys that access tokens are signed with: announce, rotate and retire them here. Where they are
    /// [in the store](AccountsBuilder::stored_keys) that says what they are, and this is for reading.
    #[must_use]
    pub fn key_ring(&self) -> &KeyRing {
        &self.inner.ring
    }

    /// The access tokens that were taken back, as this node knows them.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.inner.revocations
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What people call a provider; one that is not offered any more goes by its name.
    pub(crate) fn title_of<'a>(&'a self, provider: &'a str) -> &'a str {
        let mut offered = self.offered.iter();
        let found = offered.find(|offered| offered.name == provider);
        found.map_or(provider, |offered| offered.title.as_str())
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts")
            .field("collections", &self.inner.realms.keys())
            .field("store", &self.inner.store)
            .finish_non_exhaustive()
    }
}
