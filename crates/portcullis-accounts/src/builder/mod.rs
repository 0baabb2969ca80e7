mod assemble;
#[cfg(feature = "oauth")]
mod oauth;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{
    ClientAddress, RoleMap, SharedClock, SystemClock, TrustedProxies, client_address,
};
use portcullis_jwt::KeyRing;
use portcullis_limit::{Limiter, LockoutStore};
use portcullis_mfa::SealingKeys;
use portcullis_password::{BreachedPasswords, HashPool, PasswordHasher, PasswordPolicy};
use portcullis_session::cross_site::AllowedOrigins;
use portcullis_session::{IndexedSessionStore, SessionCookie};
use zeroize::Zeroizing;

use crate::audit::EventSink;
use crate::background::RevocationFeed;
use crate::mail::{BuiltInTexts, MailTexts, Mailer};
use crate::networks::Networks;
#[cfg(feature = "oauth")]
use crate::settings::OauthSettings;
use crate::settings::{Collection, Limits, Offered, Pages, ParentGrace, Profile};
use crate::signing::KeyRotation;
use crate::store::AccountStore;
use crate::users::Mode;

/// Ten looks that went wrong, one after the other.
const REVOCATIONS_TRUSTED_FOR: Duration = Duration::from_secs(10);

/// AC-R1.
const REUSE_INTERVAL: Duration = Duration::from_secs(10);

/// Configures [`Accounts`](crate::Accounts).
#[must_use]
pub struct AccountsBuilder {
    store: Arc<dyn AccountStore>,
    mailer: Arc<dyn Mailer>,
    base_url: String,
    collections: BTreeMap<String, Collection>,
    profile: Profile,
    secret: Option<Zeroizing<Vec<u8>>>,
    former_secrets: Vec<Zeroizing<Vec<u8>>>,
    credential_keys: Option<SealingKeys>,
    key_ring: Option<KeyRing>,
    stored_keys: Option<KeyRotation>,
    expiry: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    policy: Option<PasswordPolicy>,
    hasher: Option<PasswordHasher>,
    pool: Option<HashPool>,
    breached: Option<Arc<dyn BreachedPasswords>>,
    limits: Option<Limits>,
    limiter: Option<Arc<dyn Limiter>>,
    lockouts: Option<Arc<dyn LockoutStore>>,
    lockout_attempts: Option<u32>,
    reveals_lock: bool,
    sessions: Option<Arc<dyn IndexedSessionStore>>,
    cookie: SessionCookie,
    knows_devices: bool,
    allowed_origins: AllowedOrigins,
    mode: Mode,
    addresses: ClientAddress,
    pages: Pages,
    texts: Arc<dyn MailTexts>,
    sinks: Vec<Arc<dyn EventSink>>,
    parent_grace: ParentGrace,
    reuse_interval: Duration,
    service_name: Option<String>,
    audit_kept_for: Option<Duration>,
    networks: Networks,
    role_map: RoleMap,
    clock: SharedClock,
    in_background: bool,
    offered: Vec<Offered>,
    #[cfg(feature = "oauth")]
    oauth: OauthSettings,
    feed: Option<Arc<dyn RevocationFeed>>,
    revocations_trusted_for: Duration,
}

impl AccountsBuilder {
    pub(crate) fn new(
        store: Arc<dyn AccountStore>,
        mailer: Arc<dyn Mailer>,
        base_url: String,
    ) -> Self {
        Self {
            store,
            mailer,
            base_url,
            collections: BTreeMap::new(),
            profile: Profile::default(),
            secret: None,
            former_secrets: Vec::new(),
            credential_keys: None,
            key_ring: None,
            stored_keys: None,
            expiry: None,
            issuer: None,
            audience: None,
            policy: None,
            hasher: None,
            pool: None,
            breached: None,
            limits: Some(Limits::default()),
            limiter: None,
            lockouts: None,
            lockout_attempts: None,
            reveals_lock: false,
            sessions: None,
            cookie: SessionCookie::new(),
            knows_devices: true,
            allowed_origins: AllowedOrigins::none(),
            mode: Mode::default(),
            addresses: client_address(TrustedProxies::default()),
            pages: Pages::default(),
            texts: Arc::new(BuiltInTexts),
            sinks: Vec::new(),
            parent_grace: ParentGrace::default(),
            reuse_interval: REUSE_INTERVAL,
            service_name: None,
            audit_kept_for: None,
            networks: Networks::default(),
            role_map: RoleMap::default(),
            clock: SystemClock::shared(),
            in_background: true,
            offered: Vec::new(),
            #[cfg(feature = "oauth")]
            oauth: OauthSettings::default(),
            feed: None,
            revocations_trusted_for: REVOCATIONS_TRUSTED_FOR,
        }
    }

    /// Adds a collection of users, of the form `[a-z][a-z0-9-]{0,31}`; `users` with the default settings, if none is added.
    pub fn collection(mut self, name: impl Into<String>, settings: Collection) -> Self {
        self.collections.insert(name.into(), settings);
        self
    }

    /// Which defaults hold where nothing else is said; [`Profile::Strict`] unless said.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// The server's secret: 32 random bytes or more, the same on all nodes. Access tokens are signed with it (HS256), unless there
    /// is a [`key_ring`](Self::key_ring); refresh tokens, links and queued mail are protected by keys derived from it.
    pub fn jwt_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secret = Some(Zeroizing::new(secret.as_ref().to_vec()));
        self
    }

    /// A secret that was used before: refresh tokens, links and queued mail made under it are accepted still.
    pub fn former_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.former_secrets
            .push(Zeroizing::new(secret.as_ref().to_vec()));
        self
    }

    /// The keys that second factors and providers' tokens are sealed with, *instead of* ones derived from the secret: from a vault, and
    /// rotated on their own. What was sealed with an old key is sealed anew when it is used.
    pub fn credential_keys(mut self, keys: SealingKeys) -> Self {
        self.credential_keys = Some(keys);
        self
    }

    /// The keys that access tokens are signed with, *instead of* the secret: asymmetric ones, whose public halves are published.
    pub fn key_ring(mut self, ring: impl Into<KeyRing>) -> Self {
        self.key_ring = Some(ring.into());
        self
    }

    /// Access tokens are signed with keys that nodes keep together in the account store, *instead of* the secret: made, announced, changed
    /// and forgotten by the nodes themselves, with nobody who has to see to it and whether there is one node or a hundred. The public
    /// halves are published; the private ones are sealed in the store as second factors are, under the secret or the
    /// [`credential_keys`](Self::credential_keys).
    ///
    /// What a `former_secret` has sealed is opened, and sealed anew. Clocks of nodes may differ by a minute.
    /// [`read_signing_keys`](crate::Accounts::read_signing_keys) says at start whether all is well,
    /// [`replace_signing_keys`](crate::Accounts::replace_signing_keys) is for keys that were stolen.
    ///
    /// ```
    /// use portcullis_accounts::{Accounts, ConsoleMailer, KeyRotation, MemoryStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let accounts = Accounts::builder(MemoryStore::new(), ConsoleMailer::new(), "https://app.example")
    ///     .jwt_secret("0123456789abcdef0123456789abcdef!")
    ///     .stored_keys(KeyRotation::new())
    ///     .build()
    ///     .unwrap();
    /// accounts.read_signing_keys().await.unwrap();
    /// assert!(accounts.key_ring().to_jwks().contains("Ed25519"));
    /// # }
    /// ```
    pub fn stored_keys(mut self, rotation: KeyRotation) -> Self {
        self.stored_keys = Some(rotation);
        self
    }

    /// How long an access token is good: a number and a unit, such as `15m` (which it is unless said) or `7d`, between a second
    /// and 90 days. Revocation reaches tokens of any life, but the longer they live, the more must be remembered.
    pub fn jwt_expiry(mut self, expiry: impl Into<String>) -> Self {
        self.expiry = Some(expiry.into());
        self
    }

    /// The `iss` of access tokens, which is then also asked for.
    pub fn jwt_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// The `aud` of access tokens, which is then also asked for.
    pub fn jwt_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// The rules for new passwords; the profile says, unless said here.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// How new passwords are hashed, and which hashes are verified; argon2id with OWASP's parameters, unless said (bcrypt under
    /// [`Profile::Compat`]).
    pub fn password_hasher(mut self, hasher: PasswordHasher) -> Self {
        self.hasher = Some(hasher);
        self
    }

    /// The threads that hash; [`HashPool`]'s defaults unless said. Its hasher counts, *instead of*
    /// [`password_hasher`](Self::password_hasher)'s.
    pub fn hash_pool(mut self, pool: HashPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Checks new passwords against breaches, and warns at login; off unless said.
    pub fn breached_passwords(mut self, breached: impl BreachedPasswords) -> Self {
        self.breached = Some(Arc::new(breached));
        self
    }

    /// How often what may be done; see [`Limits`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Neither limits nor locks: for load tests alone. Passwords can then be guessed without end.
    pub fn with_insecure_no_limits(mut self) -> Self {
        self.limits = None;
        self
    }

    /// Where calls are counted; this process's memory unless said.
    pub fn limiter(mut self, limiter: impl Limiter) -> Self {
        self.limiter = Some(Arc::new(limiter));
        self
    }

    /// Where failed attempts are counted; the account store unless said.
    pub fn lockouts(mut self, lockouts: impl LockoutStore) -> Self {
        self.lockouts = Some(Arc::new(lockouts));
        self
    }

    /// After how many wrong passwords an account is locked for its caller's address; 5 unless said.
    pub fn lockout_attempts(mut self, attempts: u32) -> Self {
        self.lockout_attempts = Some(attempts);
        self
    }

    /// Answers 429 `account_locked` where an account is locked, instead of what a wrong password gets. It tells strangers who is
    /// under attack.
    pub fn with_insecure_revealed_locks(mut self) -> Self {
        self.reveals_lock = true;
        self
    }

    /// Where cookie sessions are kept; the account store unless said.
    pub fn sessions(mut self, sessions: impl IndexedSessionStore) -> Self {
        self.sessions = Some(Arc::new(sessions));
        self
    }

    /// How the session cookie is written; [`SessionCookie::new`] unless said.
    pub fn cookie(mut self, cookie: SessionCookie) -> Self {
        self.cookie = cookie;
        self
    }

    /// Gives no cookie by which a device is known again. Then 100 wrong passwords from anywhere lock an account's owner out as
    /// well, until the lock is ended by a mailed link or an administrator. The cookie, `__Host-device`, comes with a login by
    /// cookie; see [`Subject::known_device`](portcullis_limit::Subject::known_device).
    pub fn without_known_devices(mut self) -> Self {
        self.knows_devices = false;
        self
    }

    /// Pages of these origins may send requests that change something with the session cookie; none but our own unless said.
    pub fn allowed_origins(mut self, origins: AllowedOrigins) -> Self {
        self.allowed_origins = origins;
        self
    }

    /// What a login gives that asks for nothing; tokens unless said.
    pub fn default_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// How the address of a client is found, for limits and the audit trail; the peer's unless said.
    pub fn client_address(mut self, addresses: ClientAddress) -> Self {
        self.addresses = addresses;
        self
    }

    /// Where links in mails lead; see [`Pages`].
    pub fn pages(mut self, pages: Pages) -> Self {
        self.pages = pages;
        self
    }

    /// How mail is put into words; [`BuiltInTexts`] unless said.
    pub fn mail_texts(mut self, texts: impl MailTexts) -> Self {
        self.texts = Arc::new(texts);
        self
    }

    /// Adds somebody who hears of every entry in the audit trail.
    pub fn event_sink(mut self, sink: impl EventSink) -> Self {
        self.sinks.push(Arc::new(sink));
        self
    }

    /// Whether a refresh token may be presented once more after it was exchanged; see [`ParentGrace`].
    pub fn parent_grace(mut self, grace: ParentGrace) -> Self {
        self.parent_grace = grace;
        self
    }

    /// For how long, under [`ParentGrace::WithinInterval`]; 10 seconds unless said.
    pub fn reuse_interval(mut self, interval: Duration) -> Self {
        self.reuse_interval = interval;
        self
    }

    /// The service's name: in mails, and a word that passwords may not resemble.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// For how long the audit trail is kept; for ever unless said.
    pub fn audit_kept_for(mut self, time: Duration) -> Self {
        self.audit_kept_for = Some(time);
        self
    }

    /// How much of a client's address is kept in the audit trail: the first bits of IPv4 (0–32) and of IPv6 (0–128) addresses,
    /// such as 24 and 48, written as `203.0.113.0/24`; all of it unless said. Lists of sessions are another matter.
    pub fn audit_networks(mut self, ipv4_bits: u8, ipv6_bits: u8) -> Self {
        self.networks = Networks::new(ipv4_bits, ipv6_bits);
        self
    }

    /// What roles permit; the built-in table (admin, user, guest) unless said.
    pub fn role_map(mut self, map: RoleMap) -> Self {
        self.role_map = map;
        self
    }

    /// Replaces the machine's clock, for tests. The store has a clock of its own.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// What carries from node to node at once what was taken back; unless said, other nodes hear of it within the second in which they ask
    /// the store.
    pub fn revocation_feed(mut self, feed: impl RevocationFeed) -> Self {
        self.feed = Some(Arc::new(feed));
        self
    }

    /// For how long a node that cannot ask the store trusts what it remembers of what was taken back; 10 seconds unless said. From then on
    /// access tokens wait for the store, and are answered 503 where it does not answer: a node that is cut off lets nobody in who was
    /// shut out elsewhere.
    pub fn revocations_trusted_for(mut self, time: Duration) -> Self {
        self.revocations_trusted_for = time;
        self
    }

    /// Trusts what a node remembers however long it has heard nothing new: access tokens are good while the store is down, and those that
    /// were taken back elsewhere meanwhile are good with them, until they end.
    pub fn with_insecure_stale_revocations(self) -> Self {
        self.revocations_trusted_for(Duration::MAX)
    }

    /// Does nothing beside the requests: mail, old rows, signing keys and what other nodes revoke are then for the application to see to, by
    /// [`deliver_mail`](crate::Accounts::deliver_mail), [`purge`](crate::Accounts::purge), [`catch_up`](crate::Accounts::catch_up) and
    /// [`note_key_uses`](crate::Accounts::note_key_uses).
    pub fn without_background(mut self) -> Self {
        self.in_background = false;
        self
    }
}

/// The settings cannot work; `Display` says why in one line, without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError(String);

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BuildError {}

impl fmt::Debug for AccountsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountsBuilder")
            .field("collections", &self.collections.keys())
            .field("base_url", &self.base_url)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
