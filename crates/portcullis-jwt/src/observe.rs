//! Counters through the `metrics` façade, with feature `metrics`.

use crate::TokenError;

/// A verification came to its end.
pub(crate) fn verified(error: Option<&TokenError>) {
    count_verification(error.map_or("accepted", |error| error.code()));
}

#[cfg(feature = "metrics")]
fn count_verification(outcome: &'static str) {
    metrics::counter!("portcullis_jwt_verifications_total", "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count_verification(_outcome: &'static str) {}

/// A token was looked up among those that were verified.
#[cfg(feature = "metrics")]
pub(crate) fn looked_up(found: bool) {
    let result = if found { "hit" } else { "miss" };
    metrics::counter!("portcullis_jwt_cache_lookups_total", "result" => result).increment(1);
}

#[cfg(not(feature = "metrics"))]
pub(crate) fn looked_up(_found: bool) {}
