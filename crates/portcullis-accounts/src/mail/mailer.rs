use std::error::Error;
use std::fmt;

use async_trait::async_trait;

/// Sends mail.
///
/// It is called beside the requests, never within one (see [`Accounts::deliver_mail`](crate::Accounts::deliver_mail)): for up to
/// eight mails at the same time, with a minute for each. What fails is tried again, with growing pauses, until what the mail
/// says is good for nothing any more; after three different mails have failed in a row, nothing is sent for a while. A mail may be sent twice if
/// this process ends at the wrong moment.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Sends one mail, or hands it to somebody who has promised to.
    ///
    /// # Errors
    ///
    /// [`MailError::later`] for what may work another time, [`MailError::never`] for what cannot.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

/// One mail. `Debug` shows neither the address nor the text, which may hold a link's secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text for readers of plain text.
    pub text: String,
    /// The text for readers of HTML.
    pub html: Option<String>,
    /// Which of the service's mails this is, such as `verify_email`.
    pub kind: &'static str,
}

impl Mail {
    /// A mail in plain text.
    pub fn new(
        to: impl Into<String>,
        kind: &'static str,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            to: to.into(),
            subject: subject.into(),
            text: text.into(),
            html: None,
            kind,
        }
    }

    /// Adds the text for readers of HTML.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A mail was not sent.
#[derive(Debug)]
pub struct MailError {
    is_permanent: bool,
    source: Box<dyn Error + Send + Sync>,
}

impl MailError {
    /// It may work later.
    pub fn later(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            is_permanent: false,
            source: source.into(),
        }
    }

    /// It never will: the address is refused, for example.
    pub fn never(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            is_permanent: true,
            source: source.into(),
        }
    }

    /// Whether trying again is of no use.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.is_permanent
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the mail was not sent: {}", self.source)
    }
}

impl Error for MailError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
