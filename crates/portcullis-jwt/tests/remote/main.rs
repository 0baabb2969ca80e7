//! Keys from afar, against a server on loopback that behaves as an enemy or a bad day would.
//!
//! The criteria are those of issue 2 ("Remote JWKS and OIDC discovery"), `performance.md` ("JWKS endpoint slow or down: no
//! request with a known key waits") and ASVS `v5.0.0-9.1.3`.

mod answers;
mod canned;
mod concurrency;
mod discovery;
mod endpoint;
mod http_fetch;
mod observed;
mod requests;
mod schedule;
mod settings;
mod shutdown;
mod support;
mod tls;
