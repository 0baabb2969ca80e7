use std::time::Duration;

use portcullis_core::Timestamp;

use super::Mail;
use super::queue::Envelope;
use crate::accounts::Inner;
use crate::model::{Delivery, QueuedMail};
use crate::store::StoreError;

/// A mail that was claimed and not settled, because this node died, is sent by another after this time.
const LEASE: Duration = Duration::from_secs(120);

/// The pauses after the first failure and after the later ones: doubling from one to the other.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How many are claimed at once.
const AT_ONCE: u32 = 20;

/// Sends what is due, and says how much was sent.
pub(crate) async fn deliver(accounts: &Inner) -> Result<u64, StoreError> {
    let mut sent = 0;
    loop {
        let now = accounts.now();
        let due = accounts
            .store
            .claim_mail(now, now.saturating_add(LEASE), AT_ONCE)
            .await?;
        if due.is_empty() {
            return Ok(sent);
        }
        for queued in due {
            let delivery = send(accounts, &queued).await;
            sent += u64::from(delivery == Delivery::Done);
            accounts.store.settle_mail(queued.id, delivery).await?;
        }
    }
}

async fn send(accounts: &Inner, queued: &QueuedMail) -> Delivery {
    let Some(mail) = written(accounts, queued) else {
        tracing::error!(mail = %queued.id, "a queued mail cannot be read; it is dropped");
        return Delivery::Done;
    };
    match accounts.mailer.send(&mail).await {
        Ok(()) => Delivery::Done,
        Err(error) if error.is_permanent() => {
            tracing::warn!(mail = %queued.id, kind = mail.kind, %error, "a mail was refused for good");
            Delivery::Done
        }
        Err(error) => {
            tracing::warn!(mail = %queued.id, kind = mail.kind, attempts = queued.attempts, %error, "a mail is tried again later");
            Delivery::RetryAt(again(accounts.now(), queued.attempts))
        }
    }
}

fn written(accounts: &Inner, queued: &QueuedMail) -> Option<Mail> {
    let opened = accounts
        .sealing
        .open(&queued.sealed, &["outbox", &queued.id.to_string()])
        .ok()?;
    let envelope: Envelope = serde_json::from_slice(opened.expose()).ok()?;
    let language = envelope.language.as_deref();
    Some(accounts.texts.write(
        &envelope.message,
        &envelope.to,
        &accounts.service_name,
        language,
    ))
}

fn again(now: Timestamp, attempts: u32) -> Timestamp {
    let pause = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(attempts.min(16)).unwrap_or(u32::MAX));
    now.saturating_add(pause.min(LONGEST_PAUSE))
}
