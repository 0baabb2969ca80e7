//! Ten nodes at the same moment.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::{at_once, harness_on};
use crate::nodes::{DAY, EMAIL, Node, kid_of, kids, node, node_with, rows, world};
use crate::watched::Watched;

async fn ten_at_once<T: Send + 'static, F>(nodes: &[Node], run: impl Fn(Node) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let again = |node: &Node| Node {
        accounts: node.accounts.clone(),
        store: node.store.clone(),
        clock: node.clock.clone(),
        mail: node.mail.clone(),
    };
    at_once(nodes.len(), |number| run(again(&nodes[number]))).await
}

async fn assert_all_let_in(nodes: &[Node], tokens: &[String]) {
    for token in tokens {
        for node in nodes {
            assert_eq!(node.answer(token).await, "");
        }
    }
}

/// None signs by a key of its own that lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_nodes_one_makes_the_first_key() {
    for _ in 0..2 {
        let (store, clock) = world();
        let people = harness_on(
            Watched::new(store.clone()),
            clock.clone(),
            Default::default(),
            |builder| builder,
        );
        people.register(EMAIL).await;
        let nodes: Vec<_> = (0..10).map(|_| node(&store, &clock)).collect();
        let tokens = ten_at_once(&nodes, |node| async move { node.token().await }).await;
        let signed: BTreeSet<_> = tokens.iter().map(|token| kid_of(token)).collect();
        let there: BTreeSet<_> = kids(&store).await.into_iter().collect();
        assert_eq!((signed.len(), signed), (1, there));
        assert_all_let_in(&nodes, &tokens).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_nodes_one_makes_the_next_key_and_one_forgets_the_last() {
    let (store, clock) = world();
    let nodes: Vec<_> = (0..10).map(|_| node(&store, &clock)).collect();
    nodes[0].register(EMAIL).await;
    let look = async |wanted: usize| {
        ten_at_once(&nodes, |node| async move { node.look().await }).await;
        assert_eq!(rows(&store).await.len(), wanted);
        let tokens = ten_at_once(&nodes, |node| async move { node.token().await }).await;
        assert_all_let_in(&nodes, &tokens).await;
    };
    for _ in 0..2 {
        look(1).await;
        clock.advance(89 * DAY);
        look(2).await;
        clock.advance(DAY);
        look(2).await;
        clock.advance(Duration::from_secs(25 * 60));
        look(1).await;
    }
}

/// One replaces the keys while the others make the next one and sign.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replacement_wins_whatever_it_crosses_with() {
    for _ in 0..3 {
        let (store, clock) = world();
        let nodes: Vec<_> = (0..10)
            .map(|_| node_with(&store, &clock, |builder| builder))
            .collect();
        nodes[0].register(EMAIL).await;
        let stolen = kids(&store).await[0].clone();
        clock.advance(89 * DAY);
        let number = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        ten_at_once(&nodes, |node| {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async move {
                match number {
                    3 | 7 => node.accounts.replace_signing_keys().await.unwrap(),
                    _ => node.look().await,
                }
            }
        })
        .await;
        let left = rows(&store).await;
        assert_eq!(
            left.len(),
            1,
            "the last replacement leaves its own: {left:?}"
        );
        assert_ne!(left[0].kid, stolen);
        for node in &nodes {
            node.look().await;
        }
        let tokens = ten_at_once(&nodes, |node| async move { node.token().await }).await;
        assert_all_let_in(&nodes, &tokens).await;
        assert!(tokens.iter().all(|token| kid_of(token) == left[0].kid));
    }
}
