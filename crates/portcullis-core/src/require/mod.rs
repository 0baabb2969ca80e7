//! Permitting: guards that read what an `AuthnLayer` wrote.

mod future;
mod layer;
mod service;

pub use self::future::RequireFuture;
pub use self::layer::{RequireLayer, require};
pub use self::service::Require;
