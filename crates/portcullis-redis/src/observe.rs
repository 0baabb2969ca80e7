//! What operators see: a count and a duration for each question, and one line where the circuit changes its state.

#[cfg(feature = "metrics")]
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::failure::Failure;

/// `portcullis_redis_requests_total` by operation and outcome, and `portcullis_redis_request_seconds` by operation.
#[cfg(feature = "metrics")]
pub(crate) fn asked<T>(operation: &'static str, result: &Result<T, Failure>, took: Duration) {
    let outcome = result.as_ref().err().map_or("ok", Failure::name);
    metrics::counter!("portcullis_redis_requests_total", "operation" => operation, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("portcullis_redis_request_seconds", "operation" => operation)
        .record(took.as_secs_f64());
}

#[cfg(not(feature = "metrics"))]
pub(crate) fn asked<T>(_operation: &'static str, _result: &Result<T, Failure>, _took: Duration) {}

/// Refused by what this node remembers, without a question.
pub(crate) fn refused_locally() {
    #[cfg(feature = "metrics")]
    metrics::counter!("portcullis_redis_local_refusals_total").increment(1);
}

/// Nothing is asked there any more.
pub(crate) fn opened(place: &str, reason: &str) {
    circuit("open", 1);
    tracing::warn!(
        place,
        reason,
        "Redis cannot be reached: until it can, each rule and each store fails as it says"
    );
}

/// One question is asked, to see whether it is back.
pub(crate) fn half_opened(place: &str) {
    circuit("half_open", 0);
    tracing::debug!(place, "asking whether Redis is back");
}

/// It is back.
pub(crate) fn closed(place: &str, after: Duration) {
    circuit("closed", -1);
    let seconds = after.as_secs_f32();
    tracing::info!(place, seconds, "Redis is back");
}

/// What was done without is not needed any more.
pub(crate) fn left() {
    circuit("left", -1);
}

/// A connection was lost, and replaced at once.
pub(crate) fn renewed(place: &str) {
    tracing::debug!(place, "the connection to Redis was renewed");
}

/// It answers, and refuses to write.
pub(crate) fn demoted(place: &str) {
    tracing::warn!(
        place,
        "Redis takes no writes, it is not the master: until one is found, what writes fails as it says"
    );
}

/// It has not refused to write for a while.
pub(crate) fn promoted(place: &str) {
    tracing::info!(place, "Redis takes writes again");
}

/// `portcullis_redis_circuit_changes_total` by state, and `portcullis_redis_circuit_open`: how many places this process does without.
#[cfg(feature = "metrics")]
fn circuit(state: &'static str, more: i32) {
    static OPEN: Mutex<i32> = Mutex::new(0);
    metrics::counter!("portcullis_redis_circuit_changes_total", "state" => state).increment(1);
    // Held until it is told, so that the last to tell is the last to have counted.
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    *open += more;
    metrics::gauge!("portcullis_redis_circuit_open").set(f64::from(*open));
}

#[cfg(not(feature = "metrics"))]
fn circuit(_state: &'static str, _more: i32) {}
