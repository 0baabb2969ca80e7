//! What a server may answer, and proxies may do: each is an error, none is a pass, and all is well again once it answers well.

#[cfg(feature = "cluster")]
mod clusters;
mod servers;

use std::time::Duration;

use portcullis_limit::{LimitKey, LimitRequest, Limiter, LimiterErrorKind, Quota};
use portcullis_redis::{Redis, RedisLimiter, RedisSessions};
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::Id;

use crate::fake::{Does, Fake, say, welcomes};
use crate::nodes::eventually;

/// A limiter and sessions over a server that is none.
struct Two {
    redis: Redis,
    limiter: RedisLimiter,
    sessions: RedisSessions,
}

impl Two {
    async fn over(fake: &Fake, in_time: Duration) -> Self {
        let builder = Redis::builder(&fake.url()).unwrap();
        let builder = builder.response_timeout(in_time).connect_timeout(in_time);
        let redis = builder.connect_in_background();
        let two = Self {
            limiter: RedisLimiter::new(&redis).without_local_refusals(),
            sessions: RedisSessions::new(&redis),
            redis,
        };
        eventually("it is well", async || two.looks().await).await;
        two
    }

    /// Why a request is not decided; one that is allowed is none of this server's doing.
    async fn check(&self) -> LimiterErrorKind {
        let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(5));
        let decision = self.limiter.check(&[LimitRequest::new(&key, &quota)]).await;
        decision.expect_err("an error is no pass").kind()
    }

    /// Whether it is said that there is no such session.
    async fn looks(&self) -> bool {
        match self.sessions.load(&Id(1)).await {
            Ok(found) => {
                assert_eq!(found, None);
                true
            }
            Err(_) => false,
        }
    }

    async fn asks_for_ever(&self) -> ! {
        loop {
            let _kind = self.check().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Answers well: there is nothing.
fn is_well(words: &[String]) -> Does {
    welcomes(words).unwrap_or_else(|| say("_"))
}

fn answers(answer: &'static str) -> impl Fn(&[String]) -> Does + Send + Sync + 'static {
    move |words| welcomes(words).unwrap_or_else(|| say(answer))
}

const LONG: Duration = Duration::from_secs(20);

/// The pauses before so many attempts, the shortest that chance can make them.
fn pauses(first: u32, count: usize) -> Duration {
    let pauses = (0..u32::try_from(count).unwrap()).map(|number| first.saturating_mul(1 << number));
    let sum: u32 = pauses.map(|pause| pause.min(2000) / 2).sum();
    Duration::from_millis(sum.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_an_error_and_heals() {
    let refusals = [
        "-LOADING Redis is loading the dataset in memory",
        "-BUSY Redis is busy running a script",
        "-MASTERDOWN Link with MASTER is down",
        "-READONLY You can't write against a read only replica.",
        "-CLUSTERDOWN The cluster is down",
        "-TRYAGAIN Multiple keys request during rehashing of slot",
        "-MOVED 1 127.0.0.1:1",
        "-ASK 1 127.0.0.1:1",
        "-MOVED nonsense",
        "-CROSSSLOT Keys in request don't hash to the same slot",
        "-NOPERM this user has no permissions",
        "-NOAUTH Authentication required.",
        "-WRONGPASS invalid username-password pair",
        "-OOM command not allowed when used memory > 'maxmemory'.",
        "-MISCONF Redis is configured to save RDB snapshots",
        "-NOREPLICAS Not enough good replicas to write.",
        "-UNKILLABLE",
        "-NOSCRIPT No matching script.",
        "-ERR",
        "-",
    ];
    let fake = Fake::start(is_well).await;
    let two = Two::over(&fake, LONG).await;
    for refusal in refusals {
        fake.behave(answers(refusal));
        for _ in 0..3 {
            assert_eq!(
                two.check().await,
                LimiterErrorKind::Unavailable,
                "{refusal}"
            );
            assert!(!two.looks().await, "{refusal}");
        }
        fake.behave(is_well);
        eventually("it is well again", async || two.looks().await).await;
    }
}

/// Answers to other questions, and what is no answer at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_an_error_and_heals() {
    let fake = Fake::start(is_well).await;
    let two = Two::over(&fake, LONG).await;
    for nonsense in [
        ":1",
        "+OK",
        "*0",
        "*1\r\n:1",
        "%0",
        "#t",
        "$3\r\n\u{1}\u{2}\u{3}",
        "HTTP/1.1 400 Bad Request\r\n",
        "$99999999999999999999",
        "*-2",
    ] {
        fake.behave(answers(nonsense));
        let kind = two.check().await;
        let is_expected = matches!(
            kind,
            LimiterErrorKind::Broken | LimiterErrorKind::Unavailable
        );
        assert!(is_expected, "{nonsense}: {kind:?}");
        fake.behave(is_well);
        eventually("it is well again", async || two.looks().await).await;
    }
}

/// A proxy whose server is gone: it takes connections, and cuts them when they are used. It is not stormed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_accepts_and_cuts() {
    let fake = Fake::start(is_well).await;
    let two = Two::over(&fake, LONG).await;
    assert!(two.looks().await);
    let cuts_at_once = |_: &[String]| Does::Cut;
    let cuts_questions = |words: &[String]| welcomes(words).unwrap_or(Does::Cut);
    fake.behave(cuts_at_once);
    let took = tokio::select! {
        () = two.asks_for_ever() => unreachable!(),
        took = fake.time_of(5) => took,
    };
    assert!(took >= pauses(50, 4), "{took:?}");
    assert!(!two.redis.is_available());
    fake.behave(is_well);
    eventually("it is well again", async || two.looks().await).await;

    fake.behave(cuts_questions);
    let took = tokio::select! {
        () = two.asks_for_ever() => unreachable!(),
        took = fake.time_of(5) => took,
    };
    assert!(took >= pauses(50, 4), "{took:?}");
    fake.behave(is_well);
    eventually("it is well again", async || two.looks().await).await;
}

/// A master that is one no more answers who reads, all the time; another is sought, with growing pauses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_one_no_more() {
    let fake = Fake::start(is_well).await;
    let two = Two::over(&fake, LONG).await;
    let reads_only = |words: &[String]| match words[0].as_str() {
        "EVALSHA" | "EVAL" => say("-READONLY You can't write against a read only replica."),
        _ => is_well(words),
    };
    fake.behave(reads_only);
    let reads = async {
        loop {
            assert!(two.looks().await, "who reads is answered");
            assert!(two.redis.is_available());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let took = tokio::select! {
        () = two.asks_for_ever() => unreachable!(),
        () = reads => unreachable!(),
        took = fake.time_of(5) => took,
    };
    assert!(took >= pauses(100, 4), "{took:?}");
}

/// A connection whose other end is gone without a word is noticed, though nobody uses it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_that_is_dead() {
    let fake = Fake::start(is_well).await;
    let two = Two::over(&fake, Duration::from_millis(300)).await;
    fake.behave(|_| Does::Nothing);
    eventually("it is noticed", async || !two.redis.is_available()).await;
    assert_eq!(two.check().await, LimiterErrorKind::Unavailable);
    fake.behave(is_well);
    eventually("it is back", async || two.redis.is_available()).await;
    eventually("it is well again", async || two.looks().await).await;
}

/// Slow is not late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_slow() {
    let fake = Fake::start(is_well).await;
    let two = Two::over(&fake, LONG).await;
    let takes_its_time = |words: &[String]| match is_well(words) {
        Does::Say(answer) => Does::SayAfter(Duration::from_millis(50), answer),
        other => other,
    };
    fake.behave(takes_its_time);
    let before = fake.connections();
    for _ in 0..20 {
        assert!(two.looks().await);
        assert!(two.redis.is_available());
    }
    assert_eq!(fake.connections(), before);
}
