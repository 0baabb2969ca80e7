//! What operators see of keys: ids and causes, never a key.

use std::error::Error;

use crate::LookupError;

/// A key was refused.
pub(crate) fn refused(cause: &'static str, key_id: Option<&str>) {
    counted(cause);
    if tracing::enabled!(tracing::Level::INFO) {
        let key = key_id.unwrap_or_default().escape_debug().to_string();
        tracing::info!(cause, key, "API key refused");
    }
}

/// The store did not answer.
pub(crate) fn unavailable(error: &LookupError) {
    counted("unavailable");
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    let source = source.escape_debug().to_string();
    tracing::error!(source, "the store of API keys did not answer");
}

/// A key was good, and remembered. All is literal here, so that counting takes no memory.
pub(crate) fn remembered() {
    #[cfg(feature = "metrics")]
    metrics::counter!("portcullis_key_decisions_total", "outcome" => "cached").increment(1);
}

/// A key was good, as the store says.
pub(crate) fn found() {
    counted("found");
}

#[cfg(feature = "metrics")]
fn counted(outcome: &'static str) {
    metrics::counter!("portcullis_key_decisions_total", "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn counted(_outcome: &'static str) {}
