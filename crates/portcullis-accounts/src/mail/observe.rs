//! What operators see of mail: ids and kinds, never an address, never a text.

use std::time::Duration;

use super::{Mail, MailError};
use crate::model::{QueuedMail, RecordId};

pub(super) fn sent(mail: &Mail) {
    count("sent");
    tracing::debug!(kind = mail.kind, "a mail was sent");
}

pub(super) fn postponed(queued: &QueuedMail, mail: &Mail, error: &MailError) {
    count("postponed");
    tracing::warn!(mail = %queued.id, kind = mail.kind, attempts = queued.attempts, cause = without_address(error, mail), "a mail is tried again later");
}

pub(super) fn refused(queued: &QueuedMail, mail: &Mail, error: &MailError) {
    count("refused");
    tracing::warn!(mail = %queued.id, kind = mail.kind, cause = without_address(error, mail), "a mail was refused for good");
}

pub(super) fn expired(queued: &QueuedMail, mail: &Mail, error: &MailError) {
    count("expired");
    tracing::error!(mail = %queued.id, kind = mail.kind, attempts = queued.attempts, cause = without_address(error, mail), "a mail could not be sent while it was good for something");
}

pub(super) fn unreadable(mail: RecordId) {
    count("unreadable");
    tracing::error!(%mail, "a queued mail cannot be read, as if it had been sealed under another secret; it is dropped");
}

pub(super) fn panicked() {
    count("panicked");
    tracing::error!("a mailer has panicked; the mail is tried again when its lease ends");
}

pub(super) fn down(pause: Duration) {
    tracing::error!(
        seconds = pause.as_secs(),
        "no mail can be sent; the next is tried after a pause"
    );
}

/// Mail servers like to repeat the address that they refuse.
fn without_address(error: &MailError, mail: &Mail) -> String {
    let text = error.to_string();
    let address = mail.to.to_ascii_lowercase();
    let mut rest = text.as_str();
    let mut clean = String::new();
    while let Some(at) = rest
        .to_ascii_lowercase()
        .find(&address)
        .filter(|_| !address.is_empty())
    {
        clean.push_str(&rest[..at]);
        clean.push_str("***");
        rest = &rest[at + address.len()..];
    }
    clean.push_str(rest);
    clean.escape_debug().to_string()
}

/// `portcullis_mails_total` by outcome.
#[cfg(feature = "metrics")]
fn count(outcome: &'static str) {
    metrics::counter!("portcullis_mails_total", "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_outcome: &'static str) {}
