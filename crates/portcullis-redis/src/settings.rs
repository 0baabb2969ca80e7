use std::time::Duration;

use crate::place::Place;
#[cfg(feature = "tls")]
use crate::tls::Certificates;

/// How to connect.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) place: Place,
    #[cfg(feature = "tls")]
    pub(crate) certificates: Certificates,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
}

impl Settings {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            #[cfg(feature = "tls")]
            certificates: Certificates::default(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_millis(250),
        }
    }
}
