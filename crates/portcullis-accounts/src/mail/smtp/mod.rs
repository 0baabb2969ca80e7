//! Mail by SMTP.

mod letter;
mod pool;
mod settings;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;

use self::pool::Pool;
use self::settings::Server;
pub use self::settings::SmtpSettingsError;
use super::{Mail, MailError, Mailer};

/// Sends mail by SMTP (RFC 5321), over TLS.
///
/// | URL | what it means |
/// | --- | --- |
/// | `smtps://user:password@mail.example` | TLS from the start (RFC 8314), port 465 |
/// | `smtp://user:password@mail.example?tls=required` | STARTTLS (RFC 3207), port 587; a server that does not offer it gets neither the password nor any mail |
/// | `smtp://localhost:25` | in the clear, to this machine alone; elsewhere see [`with_insecure_plaintext`](Self::with_insecure_plaintext) |
///
/// Name and password are percent-encoded where they hold characters that mean something in a URL; leave them out for a server that
/// asks for none. A path is the name that this machine gives itself (`EHLO`). Certificates are checked against the
/// machine's own roots, or against [one more](Self::trusting).
///
/// Up to eight connections are kept open for the next mail, and no mail takes longer than 45 seconds. Refusals that concern the
/// address (550, 551, 553, 556) are final; after all others, wrong passwords among them, the mail is tried again.
///
/// ```
/// use portcullis_accounts::SmtpMailer;
///
/// let mailer = SmtpMailer::from_url("smtp://localhost:2525", "Acme <no-reply@acme.example>").unwrap();
/// # drop(mailer);
/// assert!(SmtpMailer::from_url("smtp://mail.example", "no-reply@acme.example").is_err());
/// ```
#[derive(Clone)]
pub struct SmtpMailer {
    pool: Arc<Pool>,
    from: Mailbox,
}

impl SmtpMailer {
    /// Sends by the server at this URL, from this address: `Name <local@host>` or `local@host`. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// If the URL or the address makes no sense, or if mail would go to another machine in the clear.
    pub fn from_url(url: &str, from: &str) -> Result<Self, SmtpSettingsError> {
        let server = Server::at(url, None)?;
        server.require_protected()?;
        Self::new(server, from)
    }

    /// The same, for a server whose certificate comes from an authority of one's own: `root` is that authority's certificate, in
    /// PEM. The machine's own roots count as well.
    ///
    /// # Errors
    ///
    /// If the URL, the address or the certificate makes no sense, or if mail would go to another machine in the clear.
    pub fn trusting(url: &str, from: &str, root: &[u8]) -> Result<Self, SmtpSettingsError> {
        let server = Server::at(url, Some(root))?;
        server.require_protected()?;
        Self::new(server, from)
    }

    /// The same, where the connection may be in the clear (`smtp://` without `?tls=required`): whoever is between here and the
    /// server reads the password and the links, and can use both.
    ///
    /// # Errors
    ///
    /// If the URL or the address makes no sense.
    pub fn with_insecure_plaintext(url: &str, from: &str) -> Result<Self, SmtpSettingsError> {
        Self::new(Server::at(url, None)?, from)
    }

    fn new(server: Server, from: &str) -> Result<Self, SmtpSettingsError> {
        Ok(Self {
            pool: Arc::new(Pool::new(server)),
            from: settings::sender(from)?,
        })
    }
}

/// How long a mail may take, from the first word to the last. A server that says nothing is given up then.
const LONGEST: Duration = Duration::from_secs(45);

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = letter::message(&self.from, mail)?;
        match tokio::time::timeout(LONGEST, self.pool.send(&message)).await {
            Ok(sent) => sent.map_err(|error| failure(&error)),
            Err(_) => Err(MailError::later("the mail server took too long")),
        }
    }
}

/// What the server says is not passed on: it likes to repeat the address.
fn failure(error: &lettre::transport::smtp::Error) -> MailError {
    /// RFC 5321 §4.2.3 and RFC 7504: no such mailbox, not here, no such name, no mail for that host.
    const OF_THE_ADDRESS: [u16; 4] = [550, 551, 553, 556];
    match error.status().map(u16::from) {
        Some(code) if OF_THE_ADDRESS.contains(&code) => {
            MailError::never(format!("the mail server answered {code}"))
        }
        Some(code) => MailError::later(format!("the mail server answered {code}")),
        None if error.is_timeout() => MailError::later("the mail server took too long"),
        None if error.is_tls() => MailError::later(format!("no TLS with the mail server: {error}")),
        None => MailError::later(error.to_string()),
    }
}

impl fmt::Debug for SmtpMailer {
    /// Neither name nor password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").finish_non_exhaustive()
    }
}
