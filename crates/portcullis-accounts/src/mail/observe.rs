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
    tracing::warn!(mail = %queued.id, kind = mail.kind, attempts = queued.attempts, cause = without_addresses(error), "a mail is tried again later");
}

pub(super) fn refused(queued: &QueuedMail, mail: &Mail, error: &MailError) {
    count("refused");
    tracing::warn!(mail = %queued.id, kind = mail.kind, cause = without_addresses(error), "a mail was refused for good");
}

pub(super) fn expired(queued: &QueuedMail, mail: &Mail, error: &MailError) {
    count("expired");
    tracing::error!(mail = %queued.id, kind = mail.kind, attempts = queued.attempts, cause = without_addresses(error), "a mail could not be sent while it was good for something");
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

/// Mail servers like to repeat the address that they refuse: every word with an `@` in it is left out.
fn without_addresses(error: &MailError) -> String {
    let text = error.to_string();
    let mut clean = String::new();
    for piece in text.split_inclusive(ends_word) {
        let end = piece.chars().next_back().filter(|last| ends_word(*last));
        let word = &piece[..piece.len() - end.map_or(0, char::len_utf8)];
        clean.push_str(if word.contains('@') { "***" } else { word });
        clean.extend(end);
    }
    clean.escape_debug().to_string()
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '<' | '>' | '(' | ')' | ',' | ';')
}

/// `portcullis_mails_total` by outcome.
#[cfg(feature = "metrics")]
fn count(outcome: &'static str) {
    metrics::counter!("portcullis_mails_total", "outcome" => outcome).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_outcome: &'static str) {}
