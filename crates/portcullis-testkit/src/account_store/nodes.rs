use std::sync::Arc;

use portcullis_accounts::store::{AccountStore, Change, CommitError, Committed, Conflict};
use portcullis_accounts::{User, UserRef};

use super::rows;

/// Two nodes of one application over one database. What one has committed, the other sees.
#[derive(Debug, Clone)]
pub struct Nodes {
    pub(super) a: Arc<dyn AccountStore>,
    pub(super) b: Arc<dyn AccountStore>,
}

impl Nodes {
    /// Two handles, each with its own connections, over one empty database.
    pub fn two(a: impl AccountStore, b: impl AccountStore) -> Self {
        Self {
            a: Arc::new(a),
            b: Arc::new(b),
        }
    }

    /// A store that only one process can use.
    pub fn one(store: impl AccountStore) -> Self {
        let a: Arc<dyn AccountStore> = Arc::new(store);
        Self {
            b: Arc::clone(&a),
            a,
        }
    }

    /// Either of them, in turn.
    pub(super) fn turn(&self, number: usize) -> Arc<dyn AccountStore> {
        match number % 2 {
            0 => Arc::clone(&self.a),
            _ => Arc::clone(&self.b),
        }
    }

    pub(super) async fn try_commit(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        self.a.commit(changes).await
    }

    /// Makes changes that nothing stands in the way of.
    pub(super) async fn commit(&self, changes: &[Change]) -> Committed {
        let made = self.try_commit(changes).await;
        made.expect("a store makes changes that nothing stands in the way of")
    }

    /// What stands in the way of changes that cannot be made, and at which index.
    pub(super) async fn conflict(&self, changes: &[Change]) -> (usize, Conflict) {
        match self.try_commit(changes).await {
            Err(CommitError::Conflict { index, conflict }) => (index, conflict),
            Err(CommitError::Store(error)) => {
                panic!("a conflict is not an error of the store: {error:?}")
            }
            Ok(_) => panic!("a guard that does not hold stands in the way: {changes:?}"),
        }
    }

    /// The same for a change alone.
    pub(super) async fn refusal(&self, change: Change) -> Conflict {
        let (index, conflict) = self.conflict(&[change]).await;
        assert_eq!(index, 0, "the only change has index 0");
        conflict
    }

    /// Rule 9 of the contracts.
    pub(super) async fn assert_taken(&self, change: Change, what: &str) {
        let made = self.try_commit(&[change]).await;
        assert!(
            matches!(made, Err(CommitError::Store(_))),
            "{what} is given once; a second one is an error of the store: {made:?}"
        );
    }

    /// A new user of this collection.
    pub(super) async fn user_in(&self, collection: &str, name: &str) -> User {
        let user = rows::user(collection, &format!("{name}@example.com"));
        self.commit(&[Change::InsertUser(Box::new(user.clone()))])
            .await;
        user
    }

    /// A new user of the collection `users`.
    pub(super) async fn user(&self, name: &str) -> User {
        self.user_in("users", name).await
    }

    pub(super) async fn find(&self, user: &UserRef) -> Option<User> {
        self.b.user(user).await.expect("a store answers")
    }

    pub(super) async fn find_by_email(&self, collection: &str, key: &str) -> Option<User> {
        let found = self.b.user_by_email(collection, key).await;
        found.expect("a store answers")
    }
}
