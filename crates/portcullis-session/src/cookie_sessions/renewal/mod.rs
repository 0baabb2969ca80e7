//! The cookies of remembered logins, renewed by responses.

mod future;
mod layer;
mod service;

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use portcullis_core::Timestamp;
use tower_sessions::session::Id;

pub use self::future::RenewalFuture;
pub use self::layer::RenewalLayer;
pub use self::service::Renewal;

/// Where schemes leave cookies for the response, in the request's extensions: one place for all layers around it.
#[derive(Clone, Default)]
pub(super) struct Renewals {
    cookies: Arc<Mutex<Vec<Renewed>>>,
}

/// A cookie that the response may bring.
struct Renewed {
    name: Arc<str>,
    id: Id,
    cookie: HeaderValue,
    at: Timestamp,
}

impl Renewals {
    pub(super) fn add(&self, name: &Arc<str>, id: Id, cookie: HeaderValue, at: Timestamp) {
        let renewed = Renewed {
            name: Arc::clone(name),
            id,
            cookie,
            at,
        };
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.push(renewed);
    }

    /// The cookie of this name, if one was left.
    fn take(&self, name: &str) -> Option<Renewed> {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let place = cookies.iter().rposition(|renewed| *renewed.name == *name)?;
        Some(cookies.swap_remove(place))
    }
}
