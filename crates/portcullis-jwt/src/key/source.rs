use std::fmt::{self, Debug};
use std::sync::Arc;

use portcullis_core::BoxFuture;

use super::KeySet;

/// Where a verifier finds the keys of the moment: a fixed [`KeySet`], a [`KeyRing`](crate::KeyRing) that rotates, or keys that
/// are fetched from a URL.
///
/// It is asked on every request, so `current` and `epoch` must neither wait nor take a lock that a writer holds for long.
///
/// **Order.** Whoever changes the keys makes the new set visible first and then raises the epoch; whoever reads takes the epoch
/// first and then the set. So what was verified by an old set is never taken for the work of a new one.
pub trait KeySource: Debug + Send + Sync + 'static {
    /// The keys of this moment; an empty set where none were ever loaded.
    fn current(&self) -> KeySet;

    /// A number that grows whenever the keys change. Tokens that were verified in an earlier epoch are verified again.
    fn epoch(&self) -> u64;

    /// What to wait for before a token is refused because its key is not there: `kid` is not in the set, or the token has none
    /// and no keys were ever loaded.
    ///
    /// `None` says that waiting would not help: the keys are fixed, or were fetched so recently that they are not fetched again;
    /// the token is then refused (401). A future that ends well says that the set may have changed: the verifier looks once more,
    /// and only once. One that ends with [`KeysUnavailable`] says that nothing can be decided (503); a source that never had any
    /// keys, and cannot fetch them now, answers with that one, even while it rests between two attempts.
    fn refresh_for_unknown_kid(
        &self,
        kid: Option<&str>,
    ) -> Option<BoxFuture<'static, Result<(), KeysUnavailable>>> {
        let _ = kid;
        None
    }
}

impl KeySource for KeySet {
    fn current(&self) -> KeySet {
        self.clone()
    }

    fn epoch(&self) -> u64 {
        0
    }
}

impl<S: KeySource + ?Sized> KeySource for Arc<S> {
    fn current(&self) -> KeySet {
        (**self).current()
    }

    fn epoch(&self) -> u64 {
        (**self).epoch()
    }

    fn refresh_for_unknown_kid(
        &self,
        kid: Option<&str>,
    ) -> Option<BoxFuture<'static, Result<(), KeysUnavailable>>> {
        (**self).refresh_for_unknown_kid(kid)
    }
}

/// No keys could be had, so no token can be judged: 503, never a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysUnavailable(());

impl KeysUnavailable {
    /// Says so. The reason belongs into the log, not to the client.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }
}

impl Default for KeysUnavailable {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for KeysUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the keys that verify tokens cannot be had at the moment")
    }
}

impl std::error::Error for KeysUnavailable {}
