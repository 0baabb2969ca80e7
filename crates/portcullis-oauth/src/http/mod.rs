//! What this crate asks of the network, and how.

mod client;
mod gateway;
mod hyper_client;

pub use self::client::{HttpClient, HttpError, HttpErrorKind, HttpRequest};
pub(crate) use self::gateway::Gateway;
pub use self::hyper_client::HyperClient;
