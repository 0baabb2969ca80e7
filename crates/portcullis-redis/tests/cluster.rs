//! A Redis Cluster of three: the contracts hold across slots, and a node that is silent stops nobody but its own clients.

mod nodes;
mod three;

use std::time::Duration;

use portcullis_limit::{LimitKey, LimitRequest, Limiter, MemoryLimiter, Quota};
use portcullis_redis::{RedisBuilder, RedisLimiter, RedisLockouts, RedisSessions};
use portcullis_testkit::redis::Cluster;
use portcullis_testkit::session_store::{Nodes, conformance};
use portcullis_testkit::{ManualClock, limiter, lockouts};

use self::nodes::{eventually, fresh_prefix, patient};
use self::three::Three;

fn builder(cluster: &Cluster) -> RedisBuilder {
    patient(&cluster.url()).key_prefix(fresh_prefix())
}

/// How many nodes of the cluster keep something.
fn nodes_in_use(cluster: &Cluster) -> usize {
    (0..cluster.nodes())
        .filter(|node| cluster.ask(*node, &["DBSIZE"]) != "0")
        .count()
}

/// AC-T1, AC-L5, AC-S8.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contracts_hold() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let clock = ManualClock::new();
    let connect = async || {
        let builder = builder(&cluster).with_insecure_clock_of_the_caller(clock.shared());
        builder.connect().await.unwrap()
    };
    let redis = connect().await;
    limiter::conformance(RedisLimiter::new(&redis), &clock).await;
    assert_eq!(nodes_in_use(&cluster), 3, "clients are spread");
    lockouts::conformance(RedisLockouts::new(&redis), &clock).await;

    let memory = MemoryLimiter::new().with_clock(clock.shared());
    let redis = RedisLimiter::new(&connect().await).without_local_refusals();
    limiter::agreement(&memory, &redis, &clock, 7, 500).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_hold() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    conformance(async || {
        let prefix = fresh_prefix();
        let mut nodes = Vec::new();
        for _ in 0..2 {
            let builder = patient(&cluster.url()).key_prefix(&prefix);
            nodes.push(RedisSessions::new(&builder.connect().await.unwrap()));
        }
        Nodes::new(nodes)
    })
    .await;
    assert_eq!(nodes_in_use(&cluster), 3, "sessions are spread");
}

/// A prefix with a hash tag puts everything into one slot, where several quotas are one step.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_prefix_may_choose_the_slot() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let clock = ManualClock::new();
    let builder = patient(&cluster.url()).key_prefix("{mine}:");
    let builder = builder.with_insecure_clock_of_the_caller(clock.shared());
    let redis = builder.connect().await.unwrap();
    limiter::conformance(RedisLimiter::new(&redis), &clock).await;
    assert_eq!(nodes_in_use(&cluster), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_are_flushed() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let redis = builder(&cluster).connect().await.unwrap();
    let three = Three::begin(&redis).await;
    let flush = || {
        for node in 0..cluster.nodes() {
            assert_eq!(cluster.ask(node, &["SCRIPT", "FLUSH"]), "OK");
        }
    };
    three.each_step_after(flush).await;
}

/// A client of whom this node of the cluster keeps what is counted.
async fn client_on(cluster: &Cluster, limiter: &RedisLimiter, node: usize) -> LimitKey {
    let size = || cluster.ask(node, &["DBSIZE"]);
    for number in 0..1000 {
        let (client, before) = (
            LimitKey::from(format!("on {node}: {number}").as_str()),
            size(),
        );
        let quota = Quota::per_hour(1).named("where is it");
        let decision = limiter.check(&[LimitRequest::new(&client, &quota)]).await;
        assert!(decision.unwrap().is_allowed());
        if size() != before {
            return client;
        }
    }
    panic!("nobody lies on {node}")
}

/// AC-T1: who hangs up in the middle of a walk over several slots has counted everywhere or nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hangs_up_in_the_middle() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let redis = builder(&cluster).response_timeout(Duration::from_secs(30));
    let redis = redis.connect().await.unwrap();
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    let (first, second) = (
        client_on(&cluster, &limiter, 0).await,
        client_on(&cluster, &limiter, 1).await,
    );
    // The lower limit is counted first; the other has no room.
    let (low, high) = (Quota::per_hour(5), Quota::per_hour(10));
    let exhausting = LimitRequest::new(&second, &high).with_cost(10);
    let exhausted = limiter.check(&[exhausting]).await.unwrap();
    assert!(exhausted.is_allowed());
    let left = async || {
        let looking = LimitRequest::new(&first, &low).with_cost(0);
        limiter.check(&[looking]).await.unwrap().remaining()
    };
    cluster.pause(1);
    let asking = tokio::spawn({
        let (limiter, first, second) = (limiter.clone(), first.clone(), second.clone());
        let (low, high) = (low.clone(), high.clone());
        async move {
            let requests = [
                LimitRequest::new(&first, &low),
                LimitRequest::new(&second, &high),
            ];
            limiter.check(&requests).await
        }
    });
    eventually("the first is counted", async || left().await == 4).await;
    asking.abort();
    assert!(asking.await.is_err_and(|error| error.is_cancelled()));
    cluster.resume(1);
    eventually("it is taken back", async || left().await == 5).await;
}

/// Whose keys lie on a node that is silent is refused within the time limit; nobody is let through; it heals by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_silent_node() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let prefix = fresh_prefix();
    let connect = async |builder: RedisBuilder| {
        let redis = builder.key_prefix(&prefix).connect().await.unwrap();
        RedisLimiter::new(&redis).without_local_refusals()
    };
    let patient_one = connect(patient(&cluster.url())).await;
    let hasty = patient(&cluster.url()).response_timeout(Duration::from_millis(200));
    let limiter = connect(hasty).await;
    let quota = Quota::per_hour(1);
    let clients: Vec<_> = (0..30)
        .map(|number| LimitKey::from(format!("client {number}").as_str()))
        .collect();
    for client in &clients {
        let decision = patient_one.check(&[LimitRequest::new(client, &quota)]);
        assert!(decision.await.unwrap().is_allowed());
    }
    cluster.pause(1);
    let (mut refused, mut failed) = (0, 0);
    for client in &clients {
        match limiter.check(&[LimitRequest::new(client, &quota)]).await {
            Ok(decision) => {
                assert!(!decision.is_allowed(), "nobody is let through");
                refused += 1;
            }
            Err(_) => failed += 1,
        }
    }
    assert!(refused > 0, "other nodes answer");
    assert!(failed > 0, "the silent one does not");
    cluster.resume(1);
    for client in &clients {
        let request = [LimitRequest::new(client, &quota)];
        eventually("it answers", async || match limiter.check(&request).await {
            Ok(decision) => {
                assert!(!decision.is_allowed(), "nothing was lost");
                true
            }
            Err(_) => false,
        })
        .await;
    }
}
