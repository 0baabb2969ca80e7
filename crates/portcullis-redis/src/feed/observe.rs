//! What operators see of the feed.

use std::time::Duration;

/// Said by this node: `published`, `lost` (Redis did not take it), `dropped` (too much waited), `too_long`.
pub(super) fn said(outcome: &'static str, revocations: usize) {
    #[cfg(feature = "metrics")]
    metrics::counter!("portcullis_redis_feed_published_total", "outcome" => outcome)
        .increment(revocations as u64);
    #[cfg(not(feature = "metrics"))]
    let _ = (outcome, revocations);
}

/// Heard from all nodes, this one included: `heard`, or `refused`, which is what no node of ours has said.
pub(super) fn heard(outcome: &'static str, messages: usize) {
    #[cfg(feature = "metrics")]
    metrics::counter!("portcullis_redis_feed_messages_total", "outcome" => outcome)
        .increment(messages as u64);
    #[cfg(not(feature = "metrics"))]
    let _ = (outcome, messages);
}

/// Something may have been missed, and why: `subscribed`, `number`, `overflow`, `unreadable`.
pub(super) fn gap(reason: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("portcullis_redis_feed_gaps_total", "reason" => reason).increment(1);
    tracing::debug!(
        reason,
        "something that was taken back elsewhere may have been missed: the store is asked"
    );
}

/// The first of a row of messages that are none of ours.
pub(super) fn refused_first() {
    tracing::warn!("somebody without the key speaks on the channel of revocations; it is ignored");
}

pub(super) fn cut(reason: &str) {
    connected(0.0);
    tracing::warn!(
        reason,
        "revocations are not heard from other nodes at once: the store is asked every second"
    );
}

pub(super) fn back(after: Duration) {
    connected(1.0);
    let seconds = after.as_secs_f32();
    tracing::info!(
        seconds,
        "revocations are heard from other nodes at once again"
    );
}

pub(super) fn began() {
    connected(1.0);
}

fn connected(is_connected: f64) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("portcullis_redis_feed_connected").set(is_connected);
    #[cfg(not(feature = "metrics"))]
    let _ = is_connected;
}
