//! Nodes of a cluster that fall silent, and slots that move.

use std::time::Duration;

use portcullis_limit::{LimitKey, LimitRequest, Limiter, LimiterErrorKind, Quota};
use portcullis_redis::{Redis, RedisBuilder, RedisLimiter};
use portcullis_testkit::redis::Cluster;

use crate::nodes::{eventually, patient};

/// Long enough for a busy machine, short enough to wait for.
const IN_TIME: Duration = Duration::from_secs(2);

fn builder(cluster: &Cluster) -> RedisBuilder {
    let builder = Redis::builder(&cluster.url()).unwrap();
    builder.response_timeout(IN_TIME).connect_timeout(IN_TIME)
}

type Asked = Result<bool, LimiterErrorKind>;

async fn ask(limiter: &RedisLimiter, client: &LimitKey) -> Asked {
    let quota = Quota::per_hour(1);
    let decision = limiter.check(&[LimitRequest::new(client, &quota)]).await;
    decision
        .map(|decision| decision.is_allowed())
        .map_err(|error| error.kind())
}

/// All at once.
async fn ask_all(limiter: &RedisLimiter, clients: &[LimitKey]) -> Vec<Asked> {
    let tasks: Vec<_> = clients
        .iter()
        .map(|client| {
            let (limiter, client) = (limiter.clone(), client.clone());
            tokio::spawn(async move { ask(&limiter, &client).await })
        })
        .collect();
    let mut asked = Vec::new();
    for task in tasks {
        asked.push(task.await.unwrap());
    }
    asked
}

fn clients() -> Vec<LimitKey> {
    (0..60)
        .map(|number| LimitKey::from(format!("client {number}").as_str()))
        .collect()
}

const AT_ONCE: Asked = Err(LimiterErrorKind::Unavailable);

/// Who is kept by a silent node fails, in time and then at once; all others are answered, each time; and it heals by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_silent_shard() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let redis = builder(&cluster).connect_in_background();
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    let clients = clients();
    eventually("all count", async || {
        let asked = ask_all(&limiter, &clients).await;
        asked.iter().all(Result::is_ok)
    })
    .await;
    let kept: usize = cluster.ask(1, &["DBSIZE"]).parse().unwrap();
    assert!(0 < kept && kept < clients.len(), "clients are spread");

    cluster.pause(1);
    let asked = ask_all(&limiter, &clients).await;
    assert!(asked.iter().all(|asked| *asked != Ok(true)), "no pass");
    let silent: Vec<_> = asked.iter().map(Result::is_err).collect();
    let count = silent.iter().filter(|is_silent| **is_silent).count();
    assert_eq!(count, kept, "those of the silent node, and no others");
    eventually("the circuit opens", async || {
        let asked = ask_all(&limiter, &clients).await;
        for (asked, is_silent) in asked.iter().zip(&silent) {
            assert_eq!(asked.is_err(), *is_silent, "nobody else notices");
        }
        let mut failed = asked.iter().filter(|asked| asked.is_err());
        failed.all(|asked| *asked == AT_ONCE)
    })
    .await;
    for _ in 0..20 {
        for (asked, is_silent) in ask_all(&limiter, &clients).await.iter().zip(&silent) {
            assert_eq!(*asked, if *is_silent { AT_ONCE } else { Ok(false) });
        }
    }
    assert!(redis.is_available(), "most of it is");

    // Who connects now is served by the others at once.
    let late = builder(&cluster).connect().await.unwrap();
    assert!(late.is_available());
    let late = RedisLimiter::new(&late).without_local_refusals();
    let asked = ask_all(&late, &clients).await;
    for (asked, is_silent) in asked.iter().zip(&silent) {
        assert_eq!(asked.is_err(), *is_silent, "the others answer");
    }

    cluster.resume(1);
    for limiter in [limiter, late] {
        eventually("all are answered", async || {
            let asked = ask_all(&limiter, &clients).await;
            asked.iter().all(Result::is_ok)
        })
        .await;
        let asked = ask_all(&limiter, &clients).await;
        assert!(asked.iter().all(|asked| *asked == Ok(false)), "all counted");
    }
    all_are_silent(&cluster, &clients).await;
}

/// While nobody answers, nothing is available.
async fn all_are_silent(cluster: &Cluster, clients: &[LimitKey]) {
    let short = Duration::from_millis(300);
    let hasty = || {
        let builder = builder(cluster);
        builder.response_timeout(short).connect_timeout(short)
    };
    let redis = hasty().connect_in_background();
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    let all_answer = async || {
        let asked = ask_all(&limiter, clients).await;
        assert!(asked.iter().all(|asked| *asked != Ok(true)), "no pass");
        asked.iter().all(Result::is_ok)
    };
    eventually("all answer", all_answer).await;
    (0..cluster.nodes()).for_each(|node| cluster.pause(node));
    eventually("it is away", async || {
        let asked = ask_all(&limiter, clients).await;
        assert!(asked.iter().all(Result::is_err));
        !redis.is_available()
    })
    .await;
    assert!(hasty().connect().await.is_err());
    (0..cluster.nodes()).for_each(|node| cluster.resume(node));
    eventually("all answer", all_answer).await;
}

/// A slot that moves to another node while it is used: nothing is forgotten, and nothing fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let builder = patient(&cluster.url()).key_prefix("{mine}:");
    let limiter = RedisLimiter::new(&builder.connect().await.unwrap()).without_local_refusals();
    let (client, quota) = (LimitKey::from("alice"), Quota::per_hour(5));
    let left = async || {
        let decision = limiter.check(&[LimitRequest::new(&client, &quota)]).await;
        let decision = decision.unwrap();
        decision.is_allowed().then(|| decision.remaining())
    };
    assert_eq!(left().await, Some(4));
    let slot = cluster.ask(0, &["CLUSTER", "KEYSLOT", "{mine}"]);
    let keys = |node| {
        let keys = cluster.ask(node, &["CLUSTER", "GETKEYSINSLOT", &slot, "10"]);
        keys.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let from = (0..3).find(|node| !keys(*node).is_empty()).unwrap();
    let to = (from + 1) % 3;
    let id = |node| cluster.ask(node, &["CLUSTER", "MYID"]);
    let set = |node, words: &[&str]| {
        let words = [&["CLUSTER", "SETSLOT", &slot], words].concat();
        assert_eq!(cluster.ask(node, &words), "OK");
    };
    set(to, &["IMPORTING", &id(from)]);
    set(from, &["MIGRATING", &id(to)]);
    assert_eq!(left().await, Some(3), "the key is still there");
    let url = cluster.url();
    let port = url.split(',').nth(to).unwrap().rsplit(':').next().unwrap();
    for key in keys(from) {
        let words = ["MIGRATE", "127.0.0.1", port, &key, "0", "5000"];
        assert_eq!(cluster.ask(from, &words), "OK");
    }
    assert_eq!(left().await, Some(2), "the other one is asked");
    for node in [to, from] {
        set(node, &["NODE", &id(to)]);
    }
    assert_eq!(left().await, Some(1), "the other one has it");
    assert_eq!(left().await, Some(0));
    assert_eq!(left().await, None, "nothing was forgotten");
}
