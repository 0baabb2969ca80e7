//! tower-sessions' session manager, between a part outside it and a part inside it.

mod future;
mod layer;
mod service;
mod settle;

pub use self::future::SessionFuture;
pub use self::layer::SessionLayer;
pub use self::service::SessionService;
pub use self::settle::{Settle, SettleFuture};

use tower_sessions::session::Id;

/// What the inner part tells the outer one, in the response's extensions.
#[derive(Debug, Clone, Copy)]
enum Trace {
    /// The request changed the session that came with this id, if one came.
    Changed(Option<Id>),
    /// The request came with an id that is no session's, and changed nothing.
    Stale,
}
