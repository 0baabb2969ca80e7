//! A cluster, and a master behind a Sentinel.
#![cfg(all(feature = "cluster", feature = "sentinel"))]

use portcullis_accounts::RevocationFeed;
use portcullis_testkit::redis::{Cluster, Sentinel};

use crate::kit::{KEY, Pair, feed, session};

/// Wherever in the cluster somebody listens, and wherever somebody speaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let pair = Pair::on(&cluster.url()).await;
    for number in 0..10 {
        let listener = feed(&cluster.url(), &pair.prefix, &KEY).await;
        let said = session(&number.to_string());
        pair.one.publish(std::slice::from_ref(&said));
        pair.hears(&said).await;
        drop(listener);
    }
}

/// Whoever listens at a node that falls silent finds another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_of_a_cluster_falls_silent() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let pair = Pair::on(&cluster.url()).await;
    for node in 0..cluster.nodes() {
        cluster.pause(node);
        tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
        cluster.resume(node);
        pair.comes_through(&session(&node.to_string())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failover() {
    let Some(mut sentinel) = Sentinel::start() else {
        return;
    };
    let pair = Pair::on(&sentinel.url()).await;
    let before = session("before");
    pair.one.publish(std::slice::from_ref(&before));
    assert_eq!(pair.hears(&before).await, 0);
    sentinel.fail_over();
    pair.misses_something().await;
    pair.comes_through(&session("afterwards")).await;
}
