//! Puts the settings together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portcullis_jwt::{Bearer, HmacKey, Issuer, KeyRing, Revocations, SigningKey, Verifier};
use portcullis_key::{ApiKeys, KeyFormat, KeyPrefix};
use portcullis_limit::{Limiter, Lockout, LockoutStore, Steps};
use portcullis_password::{Algorithm, HashPool, PasswordHasher, PasswordPolicy};
use portcullis_session::{CookieSessions, Sessions, SharedSessionStore};

use super::{AccountsBuilder, BuildError};
use crate::Accounts;
use crate::accounts::{Inner, Lockouts, Realm};
use crate::background::{self, Background, Revoked, Uses};
use crate::demands::Demands;
use crate::devices::Devices;
use crate::gate::{self, Gate};
use crate::noted_keys::NotedKeys;
use crate::schemes::{Access, KeyFinder, SessionFinder};
use crate::secrets::{Secrets, Use};
use crate::settings::{Collection, Profile};
use crate::signing::{Needs, RingOrStore, SigningKeys, Trail};
use crate::theft::TheftAlarm;
use crate::vault::{self, Vault};

/// How long an access token is good, unless said.
const TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

/// An access token that lives longer than this is refused when the accounts are built: it would be no short-lived one.
const LONGEST_TOKEN_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// AC-O3.
const WRONG_CODES: u32 = 10;
const CODE_LOCK: Duration = Duration::from_secs(15 * 60);

/// Each further round locks for twice as long, up to a day: ten codes a day find one of a million in centuries (NIST SP 800-63B-4 §3.2.2 asks
/// for a bound on failures, not only on their rate).
const LONGEST_CODE_LOCK: Duration = Duration::from_secs(24 * 3600);

/// How many revocations a node remembers.
const REVOCATIONS: usize = 100_000;

impl AccountsBuilder {
    /// Puts everything together, and starts what is done beside the requests.
    ///
    /// # Errors
    ///
    /// If a setting is missing or makes no sense, in one line; if there is no Tokio runtime to start anything on.
    pub fn build(mut self) -> Result<Accounts, BuildError> {
        let token_life = self.token_life()?;
        let secret = self
            .secret
            .take()
            .ok_or_else(|| fault("a secret is missing: jwt_secret(…), 32 random bytes or more"))?;
        let secrets = Secrets::new(&secret, &self.former_secrets).ok_or_else(|| {
            fault("the secret is too short or not random: it must be 32 random bytes or more")
        })?;
        if self.collections.is_empty() {
            self.collections
                .insert("users".to_owned(), Collection::new());
        }
        self.check_names()?;
        self.base_url = base_url(&self.base_url)?;
        #[cfg(feature = "oauth")]
        let oauth = std::mem::take(&mut self.oauth)
            .assemble(&self.base_url, self.mode)
            .map_err(fault)?;
        let vault = Vault::new(&secrets, self.credential_keys.take()).map_err(unusable)?;
        let signing_keys = self.signing_keys(token_life, &vault)?;
        let ring = match &signing_keys {
            Some(keys) => keys.ring().clone(),
            None => self.ring(&secret)?,
        };
        let source = RingOrStore::new(ring.clone(), signing_keys.clone());
        let revocations = Revocations::with(token_life, REVOCATIONS, Arc::clone(&self.clock));
        let bearer = Bearer::new(self.verifier(source, &revocations));
        let revoked = Revoked::new(
            Arc::clone(&self.store),
            revocations.clone(),
            signing_keys.clone(),
            Arc::clone(&self.clock),
            self.revocations_trusted_for,
        );
        let uses = Uses::default();
        let alarm = TheftAlarm::default();
        let cookies = self.cookie_sessions(&alarm);
        let in_background = self.in_background;
        let inner = Inner {
            keys: self.noted_keys(&uses),
            realms: self.realms(&cookies),
            issuer: self.token_issuer(&ring, token_life),
            access: Access::new(bearer, revoked, Demands::of(&self.collections)),
            sealing: vault::sealing(&secrets, Use::Outbox).map_err(unusable)?,
            vault,
            pool: self.hash_pool_or_default()?,
            gate: Gate::new(self.limiter_or_none()),
            lockouts: self.lockout_counters(),
            cookies: cookies(&Collection::new()),
            devices: Devices::new(&self.cookie, self.knows_devices),
            limits: self.limits.take().unwrap_or_default(),
            store: self.store,
            clock: self.clock,
            secrets,
            ring,
            signing_keys,
            token_life,
            revocations,
            breached: self.breached,
            mailer: self.mailer,
            texts: self.texts,
            sinks: self.sinks,
            uses,
            background: Background::default(),
            feed: self.feed,
            mail_bell: tokio::sync::Notify::new(),
            mail_health: crate::mail::Health::default(),
            base_url: self.base_url,
            pages: self.pages,
            addresses: self.addresses,
            mode: self.mode,
            parent_grace: self.parent_grace,
            reuse_interval: self.reuse_interval,
            reveals_lock: self.reveals_lock,
            audit_kept_for: self.audit_kept_for,
            networks: self.networks,
            role_map: self.role_map,
            service_name: self.service_name.unwrap_or_default(),
            cookie_name: self.cookie.name().into_owned(),
            offered: self.offered,
            #[cfg(feature = "oauth")]
            oauth,
        };
        let accounts = Accounts {
            inner: Arc::new(inner),
        };
        alarm.connect(&accounts);
        if in_background {
            tokio::runtime::Handle::try_current().map_err(|_| {
                fault("accounts are built within a Tokio runtime, or without_background()")
            })?;
            background::start(&accounts);
        }
        Ok(accounts)
    }

    fn token_life(&self) -> Result<Duration, BuildError> {
        let Some(text) = &self.expiry else {
            return Ok(TOKEN_LIFE);
        };
        let life = humantime::parse_duration(text.trim()).ok();
        life.filter(|life| life.as_secs() >= 1 && *life <= LONGEST_TOKEN_LIFE)
            .ok_or_else(|| fault("jwt_expiry is a number and a unit, such as 15m or 7d, between a second and 90 days"))
    }

    fn check_names(&self) -> Result<(), BuildError> {
        for (name, settings) in &self.collections {
            if !is_collection_name(name) {
                return Err(fault(format!(
                    "a collection's name is [a-z][a-z0-9-]{{0,31}}, not {name:?}"
                )));
            }
            if let Some(wrong) = settings.fault() {
                return Err(fault(format!("collection {name:?}: {wrong}")));
            }
        }
        Ok(())
    }

    fn ring(&mut self, secret: &[u8]) -> Result<KeyRing, BuildError> {
        if let Some(ring) = self.key_ring.take() {
            return Ok(ring);
        }
        let key = HmacKey::new(secret).map_err(|error| fault(error.to_string()))?;
        Ok(KeyRing::with_clock(
            SigningKey::hs256(&key),
            Arc::clone(&self.clock),
        ))
    }

    fn signing_keys(
        &mut self,
        token_life: Duration,
        vault: &Vault,
    ) -> Result<Option<SigningKeys>, BuildError> {
        let Some(rotation) = self.stored_keys.take() else {
            return Ok(None);
        };
        if self.key_ring.is_some() {
            return Err(fault(
                "access tokens are signed either with a key_ring(…) or with stored_keys(…)",
            ));
        }
        if let Some(wrong) = rotation.fault(token_life) {
            return Err(fault(wrong));
        }
        Ok(Some(SigningKeys::new(Needs {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            sealing: vault.credentials.clone(),
            rotation,
            token_life,
            trail: Trail {
                collections: self.collections.keys().cloned().collect(),
                sinks: self.sinks.clone(),
            },
        })))
    }

    fn token_issuer(&self, ring: &KeyRing, life: Duration) -> Issuer {
        let mut issuer = Issuer::new(ring.clone())
            .expires_in(life)
            .clock(Arc::clone(&self.clock));
        if let Some(name) = &self.issuer {
            issuer = issuer.issuer(name.as_str());
        }
        if let Some(audience) = &self.audience {
            issuer = issuer.audience(audience.as_str());
        }
        issuer
    }

    fn verifier(&self, keys: RingOrStore, revocations: &Revocations) -> Verifier {
        let mut builder = Verifier::builder(keys)
            .collection_claim("collection")
            .roles_claim("roles")
            .permissions_claim("permissions")
            .role_map(self.role_map.clone())
            .revocations(revocations.clone())
            .clock(Arc::clone(&self.clock));
        if let Some(issuer) = &self.issuer {
            builder = builder.issuer(issuer.as_str());
        }
        if let Some(audience) = &self.audience {
            builder = builder.audience(audience.as_str());
        }
        builder.build()
    }

    fn noted_keys(&self, uses: &Uses) -> NotedKeys {
        NotedKeys::new(self.api_keys(uses), uses.clone(), self.addresses.clone())
    }

    fn api_keys(&self, uses: &Uses) -> ApiKeys {
        let finder = KeyFinder {
            store: Arc::clone(&self.store),
            collections: self.collections.clone(),
            role_map: self.role_map.clone(),
            clock: Arc::clone(&self.clock),
            uses: uses.clone(),
        };
        let prefixes = self
            .collections
            .values()
            .map(|settings| settings.key_prefix.clone().unwrap_or_default());
        let keys = ApiKeys::new(finder)
            .prefixes(prefixes)
            .clock(Arc::clone(&self.clock));
        match self.profile {
            Profile::Strict => keys,
            Profile::Compat => {
                let names = self.collections.keys();
                names.fold(keys, |keys, name| {
                    keys.with_collection_header(name.as_str())
                })
            }
        }
    }

    /// Makes the sessions of a collection: all in one store, by one cookie, each with the limits of its own settings.
    fn cookie_sessions(
        &self,
        alarm: &TheftAlarm,
    ) -> impl Fn(&Collection) -> CookieSessions + use<> {
        let store = SharedSessionStore::from(
            self.sessions
                .clone()
                .unwrap_or_else(|| self.store.sessions()),
        );
        let finder = SessionFinder {
            store: Arc::clone(&self.store),
            sessions: store.clone(),
            collections: self.collections.clone(),
            role_map: self.role_map.clone(),
        };
        let sessions = Sessions::new()
            .with_clock(Arc::clone(&self.clock))
            .with_role_map(self.role_map.clone())
            .with_user_loader(finder);
        let (cookie, origins) = (self.cookie.clone(), self.allowed_origins.clone());
        let alarm = alarm.clone();
        move |settings| {
            let sessions = sessions
                .clone()
                .with_remembered(settings.remembered)
                .with_brief(settings.brief);
            CookieSessions::new(sessions, store.clone(), &cookie)
                .with_allowed_origins(origins.clone())
                .on_theft({
                    let alarm = alarm.clone();
                    move |login| alarm.ring(login)
                })
        }
    }

    fn realms(
        &self,
        cookies: &impl Fn(&Collection) -> CookieSessions,
    ) -> BTreeMap<String, Arc<Realm>> {
        let realm = |(name, settings): (&String, &Collection)| {
            let settings = self.with_profile(settings.clone());
            let realm = Realm {
                name: name.clone(),
                policy: self.policy_for(&settings),
                cookies: cookies(&settings),
                settings,
            };
            (name.clone(), Arc::new(realm))
        };
        self.collections.iter().map(realm).collect()
    }

    fn with_profile(&self, mut settings: Collection) -> Collection {
        let format = match self.profile {
            Profile::Strict => KeyFormat::Checked,
            Profile::Compat => KeyFormat::Classic,
        };
        settings.key_format.get_or_insert(format);
        settings.key_prefix.get_or_insert_with(KeyPrefix::default);
        settings
    }

    fn policy_for(&self, settings: &Collection) -> PasswordPolicy {
        let by_profile = || match self.profile {
            Profile::Strict => PasswordPolicy::default(),
            Profile::Compat => PasswordPolicy::compat(),
        };
        let own = settings
            .password_policy
            .clone()
            .or_else(|| self.policy.clone());
        let policy = own.unwrap_or_else(by_profile);
        match &self.service_name {
            Some(name) => policy.context_word(name.as_str()),
            None => policy,
        }
    }

    fn hash_pool_or_default(&mut self) -> Result<HashPool, BuildError> {
        if let Some(pool) = self.pool.take() {
            return Ok(pool);
        }
        let hasher = match (self.hasher.take(), self.profile) {
            (Some(hasher), _) => hasher,
            (None, Profile::Strict) => PasswordHasher::default(),
            (None, Profile::Compat) => PasswordHasher::builder()
                .algorithm(Algorithm::BCRYPT)
                .build()
                .map_err(|error| fault(error.to_string()))?,
        };
        HashPool::new(hasher).map_err(|error| fault(format!("no threads to hash on: {error}")))
    }

    fn limiter_or_none(&mut self) -> Option<Arc<dyn Limiter>> {
        self.limits.as_ref()?;
        Some(
            self.limiter
                .take()
                .unwrap_or_else(|| gate::in_memory(&self.clock)),
        )
    }

    fn lockout_counters(&mut self) -> Lockouts {
        if self.limits.is_none() {
            return Lockouts::default();
        }
        let store = self
            .lockouts
            .take()
            .unwrap_or_else(|| self.store.lockouts());
        let password = Lockout::new(Arc::clone(&store), "password");
        let password = match self.lockout_attempts {
            Some(attempts) => password.steps(Steps::new(attempts)),
            None => password,
        };
        Lockouts {
            password: Some(password),
            totp: Some(second_factor(Arc::clone(&store), "totp")),
            recovery: Some(second_factor(store, "recovery")),
        }
    }
}

/// Ten wrong codes of an account lock for a quarter of an hour, then for twice as long each time, from wherever they came (AC-O3): only those who know the first factor get
/// so far as to try one.
fn second_factor(store: Arc<dyn LockoutStore>, purpose: &'static str) -> Lockout {
    let steps = || {
        Steps::new(WRONG_CODES)
            .first_lock(CODE_LOCK)
            .longest_lock(LONGEST_CODE_LOCK)
    };
    Lockout::new(store, purpose)
        .steps(steps())
        .account_steps(steps())
        .address_steps(None)
}

fn is_collection_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && name.len() <= 32
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// An absolute URL without a trailing slash: links are made of it, and of nothing that a request says (AC-Z6).
fn base_url(text: &str) -> Result<String, BuildError> {
    let uri: http::Uri = text
        .parse()
        .map_err(|_| fault("the base URL is not a URL"))?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_plain = uri.query().is_none()
        && uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@'));
    match is_web && is_plain {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err(fault(
            "the base URL is an http or https URL without a query, such as https://app.example",
        )),
    }
}

fn unusable(_: portcullis_mfa::ConfigError) -> BuildError {
    fault("the secret cannot be used")
}

fn fault(text: impl Into<String>) -> BuildError {
    BuildError(text.into())
}
