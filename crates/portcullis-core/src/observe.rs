//! What operators see: one event and one count for each request that was identified or refused, and one more for each that a
//! guard refused after that. Ids only, never a secret.

use std::fmt;
use std::sync::Arc;

use crate::{AuthUser, Denial};

/// How user ids are written to logs.
#[derive(Clone, Default)]
pub enum UserIdInLogs {
    /// As they are.
    #[default]
    Plain,
    /// Not at all.
    Hidden,
    /// By a function of the application's: a keyed hash, for example, so that lines about one user can still be joined.
    Mapped(Arc<dyn Fn(&str) -> String + Send + Sync>),
}

impl fmt::Debug for UserIdInLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Hidden => "Hidden",
            Self::Mapped(_) => "Mapped",
        })
    }
}

impl UserIdInLogs {
    fn show(&self, user: &AuthUser) -> String {
        match self {
            Self::Plain => user.id().escape_debug().to_string(),
            Self::Hidden => String::new(),
            Self::Mapped(map) => map(user.id()).escape_debug().to_string(),
        }
    }
}

pub(crate) fn identified(user: Option<&AuthUser>, ids: &UserIdInLogs) {
    let scheme = user.map_or("none", |user| user.scheme().as_str());
    let outcome = if user.is_some() { "user" } else { "nobody" };
    count(scheme, outcome);
    if tracing::enabled!(tracing::Level::DEBUG) {
        let user = user.map(|user| ids.show(user)).unwrap_or_default();
        tracing::debug!(scheme, outcome, user, "request identified");
    }
}

/// A credential that was refused, or could not be judged.
pub(crate) fn refused(scheme: &str, denial: &Denial) {
    let outcome = if denial.status().is_server_error() {
        "unavailable"
    } else {
        "refused"
    };
    count(scheme, outcome);
    let (status, code) = (denial.status().as_u16(), denial.code());
    match denial.status().is_server_error() {
        true => tracing::warn!(
            scheme,
            outcome,
            status,
            code,
            "credential could not be judged"
        ),
        false => tracing::info!(scheme, outcome, status, code, "credential refused"),
    }
}

/// No credential, where the layer asks for one.
pub(crate) fn missing(denial: &Denial) {
    count("none", "refused");
    let (status, code) = (denial.status().as_u16(), denial.code());
    tracing::info!(status, code, "credential missing");
}

/// A caller who was identified, or nobody, and is not permitted: counted apart, since the request was counted when its caller
/// was identified.
pub(crate) fn forbidden(user: Option<&AuthUser>, denial: &Denial) {
    let scheme = user.map_or("none", |user| user.scheme().as_str());
    count_forbidden(scheme, denial);
    tracing::info!(
        scheme,
        status = denial.status().as_u16(),
        code = denial.code(),
        "request not permitted"
    );
}

#[cfg(feature = "metrics")]
fn count(scheme: &str, outcome: &'static str) {
    metrics::counter!("portcullis_requests_total", "scheme" => scheme.to_owned(), "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_scheme: &str, _outcome: &'static str) {}

#[cfg(feature = "metrics")]
fn count_forbidden(scheme: &str, denial: &Denial) {
    let (scheme, code) = (scheme.to_owned(), denial.code().to_owned());
    metrics::counter!("portcullis_denials_total", "scheme" => scheme, "code" => code).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count_forbidden(_scheme: &str, _denial: &Denial) {}
