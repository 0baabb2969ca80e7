//! What is called: ours, and what stands beside it, each over one connection to the same Redis.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use portcullis_limit::{
    Algorithm, Counter, LimitKey, LimitRequest, Limiter, LockoutStore, Quota, Steps,
};
use portcullis_redis::{Redis, RedisLimiter, RedisLockouts, RedisSessions};
use portcullis_testkit::redis::Server;
use redis::aio::MultiplexedConnection;
use tower_sessions::SessionStore as _;
use tower_sessions::session::{Id, Record};
use tower_sessions_014::SessionStore as _;
use tower_sessions_014::session as theirs;
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{Client, ClientLike, Config, ServerConfig};

/// Clients who take turns.
const CLIENTS: u64 = 10_000;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Ping,
    IncrementAndExpire,
    GcraByHand,
    Gcra,
    SlidingWindow,
    FixedWindow,
    TwoQuotas,
    OverTheLimit,
    Failure,
    Session,
    SessionOfTheirs,
}

impl Call {
    pub(crate) const ALL: [Self; 11] = [
        Self::Ping,
        Self::IncrementAndExpire,
        Self::GcraByHand,
        Self::Gcra,
        Self::SlidingWindow,
        Self::FixedWindow,
        Self::TwoQuotas,
        Self::OverTheLimit,
        Self::Failure,
        Self::Session,
        Self::SessionOfTheirs,
    ];
}

#[derive(Clone)]
pub(crate) struct World {
    raw: MultiplexedConnection,
    gcra: Arc<redis::Script>,
    limiter: RedisLimiter,
    lockouts: RedisLockouts,
    sessions: RedisSessions,
    sessions_of_theirs: RedisStore<Client>,
    session: Id,
    quotas: Arc<Quotas>,
    next: Arc<AtomicU64>,
}

/// Quotas and steps that nobody exhausts, but for the last.
struct Quotas {
    gcra: Quota,
    sliding: Quota,
    fixed: Quota,
    hourly: Quota,
    once: Quota,
    steps: Steps,
}

const SESSION: i128 = 1;

impl World {
    /// Connects, and puts a session into each store.
    pub(crate) async fn fill(server: &Server) -> Self {
        let mut world = Self::connect(server.socket()).await;
        let expiry_date = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
        let data = std::collections::HashMap::from([(
            "cart".to_owned(),
            serde_json::json!(["tea", "milk"]),
        )]);
        let mut ours = Record {
            id: Id(SESSION),
            data: data.clone(),
            expiry_date,
        };
        world.sessions.create(&mut ours).await.expect("stored");
        // The store has chosen another.
        world.session = ours.id;
        let mut others = theirs::Record {
            id: theirs::Id(SESSION),
            data,
            expiry_date,
        };
        let stored = world.sessions_of_theirs.create(&mut others).await;
        stored.expect("stored");
        world.over_the_limit().await;
        world
    }

    /// Connects to the Redis that listens here.
    pub(crate) async fn connect(socket: PathBuf) -> Self {
        let url = format!("unix://{}", socket.display());
        let raw = redis::Client::open(url.as_str()).expect("a URL");
        let raw = raw.get_multiplexed_async_connection().await;
        let builder = Redis::builder(&url).expect("a URL");
        // However busy the machine is.
        let builder = builder.response_timeout(Duration::from_secs(30));
        let connected = builder.connect().await.expect("it is there");
        let fred = Client::new(
            Config {
                server: ServerConfig::new_unix_socket(socket),
                ..Config::default()
            },
            None,
            None,
            None,
        );
        fred.init().await.expect("it is there");
        Self {
            raw: raw.expect("it is there"),
            gcra: Arc::new(redis::Script::new(include_str!("gcra.lua"))),
            limiter: RedisLimiter::new(&connected),
            lockouts: RedisLockouts::new(&connected),
            sessions: RedisSessions::new(&connected),
            sessions_of_theirs: RedisStore::new(fred),
            session: Id(SESSION),
            quotas: Arc::default(),
            next: Arc::default(),
        }
    }

    pub(crate) async fn call(&self, call: Call) {
        let quotas = &self.quotas;
        match call {
            Call::Ping => self.ping().await,
            Call::IncrementAndExpire => self.increment().await,
            Call::GcraByHand => self.gcra_by_hand().await,
            Call::Gcra => self.check([&quotas.gcra]).await,
            Call::SlidingWindow => self.check([&quotas.sliding]).await,
            Call::FixedWindow => self.check([&quotas.fixed]).await,
            Call::TwoQuotas => self.check([&quotas.gcra, &quotas.hourly]).await,
            Call::OverTheLimit => self.over_the_limit().await,
            Call::Failure => self.fail().await,
            Call::Session => {
                let loaded = self.sessions.load(&self.session).await;
                assert!(loaded.expect("it answers").is_some());
            }
            Call::SessionOfTheirs => {
                let id = theirs::Id(SESSION);
                let loaded = self.sessions_of_theirs.load(&id).await;
                assert!(loaded.expect("it answers").is_some());
            }
        }
    }

    async fn ping(&self) {
        let answer = redis::cmd("PING").exec_async(&mut self.raw.clone()).await;
        answer.expect("it answers");
    }

    /// The fixed window that many write by hand: it decides nothing atomically.
    async fn increment(&self) {
        let key = format!("counter:{}", self.client());
        let mut pipeline = redis::pipe();
        pipeline.cmd("INCR").arg(&key);
        pipeline.cmd("EXPIRE").arg(&key).arg(60);
        let answer = pipeline.exec_async(&mut self.raw.clone()).await;
        answer.expect("it answers");
    }

    async fn gcra_by_hand(&self) {
        let mut invocation = self.gcra.key(format!("gcra:{}", self.client()));
        invocation.arg(1).arg(1_000_000);
        let answer = invocation.invoke_async(&mut self.raw.clone()).await;
        let answer: (u8, u64, u64) = answer.expect("it answers");
        assert_eq!(answer.0, 1, "nobody exhausts it");
    }

    /// The next client of many, in turn.
    fn client(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) % CLIENTS
    }

    fn key(&self) -> LimitKey {
        let mut key = LimitKey::new();
        key.push(self.client().to_le_bytes());
        key
    }

    async fn check<const QUOTAS: usize>(&self, quotas: [&Quota; QUOTAS]) {
        let key = self.key();
        let requests = quotas.map(|quota| LimitRequest::new(&key, quota));
        let decision = self.limiter.check(&requests).await;
        assert!(decision.expect("it decides").is_allowed());
    }

    async fn over_the_limit(&self) {
        let key = LimitKey::from("over");
        let request = LimitRequest::new(&key, &self.quotas.once);
        self.limiter.check(&[request]).await.expect("it decides");
    }

    async fn fail(&self) {
        let keys = [self.key(), self.key(), self.key()];
        let steps = &self.quotas.steps;
        let counters = keys.each_ref().map(|key| Counter { key, steps });
        self.lockouts.count(&counters).await.expect("it counts");
    }
}

impl Default for Quotas {
    fn default() -> Self {
        let gcra = Quota::per_second(1_000_000);
        Self {
            sliding: gcra.clone().algorithm(Algorithm::SlidingWindow),
            fixed: gcra.clone().algorithm(Algorithm::FixedWindow),
            gcra,
            hourly: Quota::per_hour(u32::MAX),
            once: Quota::per_hour(1),
            steps: Steps::new(1_000_000),
        }
    }
}
