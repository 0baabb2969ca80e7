//! Counters through the `metrics` façade, with feature `metrics`. The common outcomes have labels that are known when the program
//! is compiled, so that counting them allocates nothing.

use crate::TokenError;

/// A verification came to its end.
#[cfg(feature = "metrics")]
pub(crate) fn verified(error: Option<&TokenError>) {
    let counter = match error {
        None => metrics::counter!("portcullis_jwt_verifications_total", "outcome" => "accepted"),
        Some(error) => {
            metrics::counter!("portcullis_jwt_verifications_total", "outcome" => error.code())
        }
    };
    counter.increment(1);
}

#[cfg(not(feature = "metrics"))]
pub(crate) fn verified(_error: Option<&TokenError>) {}

/// A token was looked up among those that were verified.
#[cfg(feature = "metrics")]
pub(crate) fn looked_up(found: bool) {
    let counter = match found {
        true => metrics::counter!("portcullis_jwt_cache_lookups_total", "result" => "hit"),
        false => metrics::counter!("portcullis_jwt_cache_lookups_total", "result" => "miss"),
    };
    counter.increment(1);
}

#[cfg(not(feature = "metrics"))]
pub(crate) fn looked_up(_found: bool) {}
