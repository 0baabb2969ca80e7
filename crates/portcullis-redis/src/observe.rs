//! What operators see: a count and a duration for each question, and one line where the circuit changes its state.

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

/// Nothing is asked any more.
pub(crate) fn opened(reason: &str) {
    circuit("open", 1.0);
    tracing::warn!(
        reason,
        "Redis cannot be reached: until it can, each rule and each store fails as it says"
    );
}

/// One question is asked, to see whether it is back.
pub(crate) fn half_opened() {
    circuit("half_open", 1.0);
    tracing::debug!("asking whether Redis is back");
}

/// It is back.
pub(crate) fn closed(after: Duration) {
    circuit("closed", 0.0);
    let seconds = after.as_secs_f32();
    tracing::info!(seconds, "Redis is back");
}

/// A connection was lost, and replaced at once.
pub(crate) fn renewed() {
    tracing::debug!("the connection to Redis was renewed");
}

#[cfg(feature = "metrics")]
fn circuit(state: &'static str, is_open: f64) {
    metrics::counter!("portcullis_redis_circuit_changes_total", "state" => state).increment(1);
    metrics::gauge!("portcullis_redis_circuit_open").set(is_open);
}

#[cfg(not(feature = "metrics"))]
fn circuit(_state: &'static str, _is_open: f64) {}
