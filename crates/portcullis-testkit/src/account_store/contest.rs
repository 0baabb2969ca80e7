//! Real races: each round lets tasks go at once, from a barrier, on the threads of the runtime and on both nodes.

use std::sync::Arc;

use portcullis_accounts::store::{AccountStore, Change, CommitError, Committed, Conflict};
use portcullis_core::BoxFuture;
use tokio::sync::Barrier;

use super::Nodes;

pub(super) type Task<T> = BoxFuture<'static, T>;

/// Runs tasks at once and waits for all; their results are in their order.
pub(super) async fn at_once<T: Send + 'static>(tasks: Vec<Task<T>>) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(tasks.len()));
    let running: Vec<_> = tasks
        .into_iter()
        .map(|task| {
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in running {
        results.push(task.await.expect("a task does not panic"));
    }
    results
}

/// What a task asks of one node.
pub(super) fn on<T, Asked>(
    nodes: &Nodes,
    number: usize,
    ask: impl FnOnce(Arc<dyn AccountStore>) -> Asked,
) -> Task<T>
where
    Asked: Future<Output = T> + Send + 'static,
{
    Box::pin(ask(nodes.turn(number)))
}

/// Commits all at once, by turns on both nodes.
pub(super) async fn commit_all(
    nodes: &Nodes,
    commits: impl IntoIterator<Item = Vec<Change>>,
) -> Outcomes {
    let commits = commits.into_iter().enumerate();
    let tasks = commits.map(|(number, changes)| {
        let committing = |store: Arc<dyn AccountStore>| async move { store.commit(&changes).await };
        on(nodes, number, committing)
    });
    Outcomes {
        all: at_once(tasks.collect()).await,
    }
}

/// What came of commits that were made at once, in their order.
#[derive(Debug)]
pub(super) struct Outcomes {
    pub(super) all: Vec<Result<Committed, CommitError>>,
}

impl Outcomes {
    pub(super) fn made(&self) -> usize {
        self.all.iter().filter(|outcome| outcome.is_ok()).count()
    }

    /// Exactly so many were made, and this stood in the way of each of the others.
    #[track_caller]
    pub(super) fn assert_made(&self, made: usize, otherwise: Conflict, rule: &str) {
        for error in self.all.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert_eq!(
                error.conflict(),
                Some(otherwise),
                "{rule}: those who come late meet the conflict, not an error of the store: {error:?}"
            );
        }
        assert_eq!(self.made(), made, "{rule}");
    }

    #[track_caller]
    pub(super) fn assert_all_made(&self, rule: &str) {
        for outcome in &self.all {
            assert!(
                outcome.is_ok(),
                "{rule}; a store asks a database again that found a deadlock: {outcome:?}"
            );
        }
    }
}
