//! What operators see: one count for each decision of each rule, and an event where something is wrong. Names of rules only,
//! never a key.

use crate::{LimiterError, Outcome, Rule};

/// `portcullis_limiter_decisions_total` by rule, outcome and whether the rule is a shadow.
pub(crate) fn decided(rule: &Rule, outcome: &Outcome, request_allowed: bool) {
    let name = match outcome.is_allowed() {
        // Another rule refused: this one has not counted the request.
        true if !request_allowed => return,
        true if outcome.is_near_limit() => "near_limit",
        true => "allowed",
        false => "limited",
    };
    count(rule, name);
    if !outcome.is_allowed() {
        tracing::debug!(
            rule = rule.quota().name(),
            shadow = rule.is_shadow(),
            "request over its limit"
        );
    }
}

/// The limiter could not decide about this rule.
pub(crate) fn failed(rule: &Rule, error: &LimiterError) {
    count(rule, "store_error");
    tracing::warn!(
        rule = rule.quota().name(),
        kind = ?error.kind(),
        "limiter could not decide"
    );
}

/// `portcullis_lockout_total` by purpose and outcome.
pub(crate) fn lockout(purpose: &str, outcome: &'static str) {
    count_lockout(purpose, outcome);
    match outcome {
        "locked" | "store_error" => {
            tracing::warn!(purpose, outcome, "lockout");
        }
        "failed" | "refused" => tracing::info!(purpose, outcome, "lockout"),
        _ => tracing::debug!(purpose, outcome, "lockout"),
    }
}

#[cfg(feature = "metrics")]
fn count(rule: &Rule, outcome: &'static str) {
    let shadow = if rule.is_shadow() { "true" } else { "false" };
    metrics::counter!("portcullis_limiter_decisions_total", "rule" => rule.quota().named_as().clone(), "outcome" => outcome, "shadow" => shadow)
        .increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_rule: &Rule, _outcome: &'static str) {}

#[cfg(feature = "metrics")]
fn count_lockout(purpose: &str, outcome: &'static str) {
    metrics::counter!("portcullis_lockout_total", "purpose" => purpose.to_owned(), "outcome" => outcome)
        .increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count_lockout(_purpose: &str, _outcome: &'static str) {}
