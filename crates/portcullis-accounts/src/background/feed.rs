use std::fmt::Debug;

use portcullis_core::BoxFuture;
use portcullis_jwt::Revocation;

/// Carries from node to node, at once, what was taken back. The store has it all and is asked every second; a feed makes the others
/// hear of it within milliseconds.
///
/// It may lose what it was given, and may say it twice; what it must not do is stay silent about a loss: whoever has been cut off says so
/// by [`Heard::Gap`] as soon as it hears again, and the store is asked.
pub trait RevocationFeed: Debug + Send + Sync + 'static {
    /// Tells all other nodes. It does not wait.
    fn publish(&self, revocations: &[Revocation]);

    /// What is heard next. One task asks, again and again.
    fn next(&self) -> BoxFuture<'_, Heard>;
}

/// What a [`RevocationFeed`] has heard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heard {
    /// Another node has taken this back; or this one has.
    Revoked(Revocation),
    /// Something may have been said that was not heard.
    Gap,
}
