//! How many decisions a second, and how long one takes: `cargo bench -p portcullis-redis`.
//!
//! On a private Redis, reached through a unix socket, beside the same client's `PING` (the floor) and its pipeline of `INCR` and
//! `EXPIRE` (the fixed window that many write by hand, which decides nothing atomically). Cases are interleaved, and the median of the rounds
//! is shown.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portcullis_limit::{
    Algorithm, Counter, LimitKey, LimitRequest, Limiter, LockoutStore, Quota, Steps,
};
use portcullis_redis::{Redis, RedisLimiter, RedisLockouts, RedisSessions};
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_testkit::redis::Server;
use redis::aio::MultiplexedConnection;

const CLIENTS: u64 = 10_000;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(300);
const TASKS: [usize; 2] = [1, 64];

#[derive(Clone)]
struct Bench {
    raw: MultiplexedConnection,
    limiter: RedisLimiter,
    lockouts: RedisLockouts,
    sessions: RedisSessions,
    session: Arc<Record>,
    next: Arc<AtomicU64>,
}

const CASES: [&str; 9] = [
    "PING",
    "INCR and EXPIRE, a pipeline",
    "GCRA",
    "sliding window",
    "fixed window",
    "two quotas by one key",
    "over its limit, known here",
    "a failed attempt, three counters",
    "a session is read",
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("threads can be started");
    let Some(server) = Server::start() else {
        return;
    };
    runtime.block_on(async {
        let bench = Bench::fill(&server).await;
        for tasks in TASKS {
            println!("{tasks} at once");
            bench.measure(tasks).await;
        }
    });
}

impl Bench {
    async fn fill(server: &Server) -> Self {
        let raw = redis::Client::open(server.url()).expect("a URL");
        let raw = raw.get_multiplexed_async_connection().await;
        let connected = Redis::connect(&server.url()).await.expect("it is there");
        let sessions = RedisSessions::new(&connected);
        let mut session = Record {
            id: Id(1),
            data: [(String::from("cart"), serde_json::json!(["tea", "milk"]))].into(),
            expiry_date: time::OffsetDateTime::now_utc() + time::Duration::hours(1),
        };
        sessions.create(&mut session).await.expect("it is stored");
        let bench = Self {
            raw: raw.expect("it is there"),
            limiter: RedisLimiter::new(&connected),
            lockouts: RedisLockouts::new(&connected),
            sessions,
            session: Arc::new(session),
            next: Arc::default(),
        };
        bench.over_the_limit().await;
        bench
    }

    async fn measure(&self, tasks: usize) {
        let mut rates = vec![Vec::new(); CASES.len()];
        for _ in 0..ROUNDS {
            for (case, rates) in rates.iter_mut().enumerate() {
                rates.push(self.round(case, tasks).await);
            }
        }
        let median = |rates: &mut Vec<f64>| {
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        };
        let floor = median(&mut rates[0]);
        for (name, rates) in CASES.iter().zip(&mut rates) {
            let rate = median(rates);
            let took = tasks as f64 * 1e6 / rate;
            println!(
                "  {name:<34} {rate:>9.0}/s {took:>9.1} µs {:>6.2} of PING",
                rate / floor
            );
        }
    }

    /// Calls a second.
    async fn round(&self, case: usize, tasks: usize) -> f64 {
        let began = Instant::now();
        let running: Vec<_> = (0..tasks)
            .map(|_| {
                let bench = self.clone();
                tokio::spawn(async move {
                    let mut calls = 0_u64;
                    while began.elapsed() < ROUND {
                        bench.call(case).await;
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        let mut calls = 0;
        for task in running {
            calls += task.await.expect("a task ends");
        }
        calls as f64 / began.elapsed().as_secs_f64()
    }

    async fn call(&self, case: usize) {
        match case {
            0 => self.ping().await,
            1 => self.increment().await,
            2 => self.check(Algorithm::Gcra).await,
            3 => self.check(Algorithm::SlidingWindow).await,
            4 => self.check(Algorithm::FixedWindow).await,
            5 => self.check_two().await,
            6 => self.over_the_limit().await,
            7 => self.count_failure().await,
            _ => self.load().await,
        }
    }

    async fn ping(&self) {
        let answer = redis::cmd("PING").exec_async(&mut self.raw.clone()).await;
        answer.expect("it answers");
    }

    async fn increment(&self) {
        let key = format!("counter:{}", self.client());
        let mut pipeline = redis::pipe();
        pipeline
            .cmd("INCR")
            .arg(&key)
            .cmd("EXPIRE")
            .arg(&key)
            .arg(60);
        let answer = pipeline.exec_async(&mut self.raw.clone()).await;
        answer.expect("it answers");
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

    async fn check(&self, algorithm: Algorithm) {
        let quota = Quota::per_second(1_000_000).algorithm(algorithm);
        let key = self.key();
        allowed(self.limiter.check(&[LimitRequest::new(&key, &quota)])).await;
    }

    async fn check_two(&self) {
        let (burst, hourly) = (Quota::per_second(1_000_000), Quota::per_hour(u32::MAX));
        let key = self.key();
        let requests = [&burst, &hourly].map(|quota| LimitRequest::new(&key, quota));
        allowed(self.limiter.check(&requests)).await;
    }

    async fn over_the_limit(&self) {
        let (key, quota) = (LimitKey::from("over"), Quota::per_hour(1));
        let answer = self.limiter.check(&[LimitRequest::new(&key, &quota)]);
        answer.await.expect("it decides");
    }

    async fn count_failure(&self) {
        let keys = [self.key(), self.key(), self.key()];
        let steps = Steps::new(1_000_000);
        let counters = keys.each_ref().map(|key| Counter { key, steps: &steps });
        self.lockouts.count(&counters).await.expect("it counts");
    }

    async fn load(&self) {
        let loaded = self.sessions.load(&self.session.id).await;
        assert!(loaded.expect("it answers").is_some());
    }
}

async fn allowed<F>(answer: F)
where
    F: IntoFuture<Output = Result<portcullis_limit::Decision, portcullis_limit::LimiterError>>,
    F::IntoFuture: Future,
{
    assert!(answer.await.expect("it decides").is_allowed());
}
