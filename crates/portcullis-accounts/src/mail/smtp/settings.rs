use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::Uri;
use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, Tokio1Executor};

/// How long one step of a conversation with a server may take.
const STEP: Duration = Duration::from_secs(20);

/// How many connections are kept open, and for how long without use.
const CONNECTIONS: u32 = 8;
const KEPT_OPEN: Duration = Duration::from_secs(60);

/// The settings of an [`SmtpMailer`](super::SmtpMailer) make no sense; `Display` says why in one line, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettingsError(&'static str);

impl fmt::Display for SmtpSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for SmtpSettingsError {}

const NO_URL: SmtpSettingsError = SmtpSettingsError(
    "the SMTP URL has the form smtps://user:password@host:port or smtp://user:password@host:port?tls=required",
);

const IN_THE_CLEAR: SmtpSettingsError = SmtpSettingsError(
    "mail would go over the network in the clear: say smtps://… or smtp://…?tls=required",
);

/// Refuses whatever is not TLS for sure, except to this machine itself.
pub(super) fn require_protected(url: &str) -> Result<(), SmtpSettingsError> {
    let uri: Uri = url.parse().map_err(|_| NO_URL)?;
    let host = uri.host().ok_or(NO_URL)?;
    let is_required = uri.query() == Some("tls=required");
    match uri.scheme_str() {
        Some("smtps") => Ok(()),
        Some("smtp") if is_required => Ok(()),
        Some("smtp") if uri.query().is_none() && is_this_machine(host) => Ok(()),
        Some("smtp") => Err(IN_THE_CLEAR),
        _ => Err(NO_URL),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |address: IpAddr| address.is_loopback();
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(is_loopback)
}

pub(super) fn transport(
    url: &str,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, SmtpSettingsError> {
    let pool = PoolConfig::new()
        .max_size(CONNECTIONS)
        .idle_timeout(KEPT_OPEN);
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| NO_URL)?;
    Ok(builder.timeout(Some(STEP)).pool_config(pool).build())
}

pub(super) fn sender(from: &str) -> Result<Mailbox, SmtpSettingsError> {
    let parsed = from.parse();
    parsed.map_err(|_| SmtpSettingsError("the sender has the form Name <local@host> or local@host"))
}
