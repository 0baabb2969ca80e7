//! Rate limits and lockout, from outside.

mod conformance;
mod headers;
mod identifier;
mod layer;
mod lockout;
mod lockout_layer;
mod memory;
#[cfg(feature = "metrics")]
mod metrics;
mod oracle;
mod support;
