use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::Uri;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;

/// How long reaching a server may take.
const TO_CONNECT: Duration = Duration::from_secs(20);

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

const NO_ROOT: SmtpSettingsError = SmtpSettingsError("the root certificate is none in PEM");

/// How a certificate begins in PEM (RFC 7468 §5.1).
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A server, and how it is talked to.
pub(super) struct Server {
    host: String,
    port: u16,
    protection: Protection,
    hello: ClientId,
    credentials: Option<Credentials>,
}

enum Protection {
    None,
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

impl Server {
    /// The server at a URL; with one more root to check its certificate against, if there is one.
    pub(super) fn at(url: &str, root: Option<&[u8]>) -> Result<Self, SmtpSettingsError> {
        let uri: Uri = url.parse().map_err(|_| NO_URL)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(NO_URL)?;
        let (protection, port) = match (uri.scheme_str(), uri.query()) {
            (Some("smtps"), None) => (Protection::Tls(tls(host, root)?), 465),
            (Some("smtp"), Some("tls=required")) => (Protection::StartTls(tls(host, root)?), 587),
            (Some("smtp"), None) => (Protection::None, 25),
            _ => return Err(NO_URL),
        };
        Ok(Self {
            host: bare(host).to_owned(),
            port: uri.port_u16().unwrap_or(port),
            protection,
            hello: hello(uri.path()),
            credentials: credentials(&uri)?,
        })
    }

    /// Refuses to talk in the clear to any other machine than this.
    pub(super) fn require_protected(&self) -> Result<(), SmtpSettingsError> {
        let is_safe = !matches!(self.protection, Protection::None) || is_this_machine(&self.host);
        match is_safe {
            true => Ok(()),
            false => Err(IN_THE_CLEAR),
        }
    }

    /// A connection over which mail can be sent.
    pub(super) async fn connect(
        &self,
    ) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let tls = match &self.protection {
            Protection::Tls(tls) => Some(tls.clone()),
            _ => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(TO_CONNECT), &self.hello, tls, None)
                .await?;
        if let Protection::StartTls(tls) = &self.protection {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

/// The name that this machine gives itself.
fn hello(path: &str) -> ClientId {
    match path.trim_matches('/') {
        "" => ClientId::default(),
        name => ClientId::Domain(name.to_owned()),
    }
}

fn credentials(uri: &Uri) -> Result<Option<Credentials>, SmtpSettingsError> {
    let authority = uri.authority().ok_or(NO_URL)?.as_str();
    let Some((user, _)) = authority.rsplit_once('@') else {
        return Ok(None);
    };
    let (name, password) = user.split_once(':').ok_or(NO_URL)?;
    let decoded = |text| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(String::from).map_err(|_| NO_URL)
    };
    Ok(Some(Credentials::new(decoded(name)?, decoded(password)?)))
}

fn tls(host: &str, root: Option<&[u8]>) -> Result<TlsParameters, SmtpSettingsError> {
    let mut builder = TlsParameters::builder(bare(host).to_owned());
    if let Some(root) = root {
        // lettre takes a text without any certificate for no more roots.
        let holds_one = root.windows(BEGIN.len()).any(|bytes| bytes == BEGIN);
        let root = Certificate::from_pem(root).ok().filter(|_| holds_one);
        let root = root.ok_or(NO_ROOT)?;
        builder = builder.add_root_certificate(root);
    }
    builder.build_rustls().map_err(|_| NO_ROOT)
}

fn is_this_machine(host: &str) -> bool {
    let is_loopback = |address: IpAddr| address.is_loopback();
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
}

/// An IPv6 address without the brackets that it has in a URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

pub(super) fn sender(from: &str) -> Result<Mailbox, SmtpSettingsError> {
    let parsed = from.parse();
    parsed.map_err(|_| SmtpSettingsError("the sender has the form Name <local@host> or local@host"))
}
