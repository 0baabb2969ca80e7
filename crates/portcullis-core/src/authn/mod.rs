//! Identifying: one layer that asks an ordered list of schemes.

mod future;
mod identify;
mod layer;
mod rerender;
mod service;

pub use self::future::AuthnFuture;
pub use self::layer::AuthnLayer;
pub use self::service::Authn;
