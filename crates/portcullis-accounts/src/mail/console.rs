use std::io::{self, Write};

use async_trait::async_trait;

use super::{CapturedMail, Mail, MailError, Mailer};

/// Prints mail to the standard output instead of sending it: for development. Whoever reads the output can use the links.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ConsoleMailer {
    captured: Option<CapturedMail>,
}

impl ConsoleMailer {
    /// Prints.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps what it prints as well.
    pub fn capture(mut self, captured: CapturedMail) -> Self {
        self.captured = Some(captured);
        self
    }
}

#[async_trait]
impl Mailer for ConsoleMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let shown = io::stdout().lock().write_all(printed(mail).as_bytes());
        match &self.captured {
            // It can be read there, whether or not anybody reads the output.
            Some(captured) => captured.send(mail).await,
            None => shown.map_err(MailError::later),
        }
    }
}

fn printed(mail: &Mail) -> String {
    let Mail {
        to, subject, text, ..
    } = mail;
    let plain = printable(&format!("To: {to}\nSubject: {subject}\n\n{text}"));
    format!("--- mail ---\n{plain}\n--- end of mail ---\n")
}

/// Terminals obey control characters; these are shown instead.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() && letter != '\n' {
            true => printable.extend(letter.escape_default()),
            false => printable.push(letter),
        }
    }
    printable
}
