use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use portcullis_core::Timestamp;
use tokio::task::{JoinError, JoinSet};

use super::queue::Envelope;
use super::{Letter, Mail, MailError, observe};
use crate::accounts::Inner;
use crate::model::{Delivery, QueuedMail};
use crate::store::StoreError;

/// A mail that was claimed and not settled, because this node died, is sent by another after this time: at least once is
/// promised, not exactly once.
const LEASE: Duration = Duration::from_secs(120);

/// A mailer that takes longer has failed. It must be shorter than the lease, or a slow mailer would send everything twice.
const LONGEST: Duration = Duration::from_secs(60);

/// The pauses after the first failure and after the later ones: doubling from one to the other.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How many are sent at the same time. No more than these are claimed, so that none waits here for a lease to end.
const AT_ONCE: usize = 8;

/// Sends what is due, and says how much was sent.
pub(crate) async fn deliver(accounts: &Arc<Inner>) -> Result<u64, StoreError> {
    let mut round = Round {
        accounts,
        sending: JoinSet::new(),
        sent: 0,
        failed: None,
    };
    loop {
        round.claim().await;
        if round.sending.is_empty() {
            return round.failed.map_or(Ok(round.sent), Err);
        }
        round.next().await;
    }
}

struct Round<'a> {
    accounts: &'a Arc<Inner>,
    sending: JoinSet<Result<bool, StoreError>>,
    sent: u64,
    failed: Option<StoreError>,
}

impl Round<'_> {
    /// Begins to send as many as there is room for. When the store has failed, what is under way is brought to its end, no more.
    async fn claim(&mut self) {
        let now = self.accounts.now();
        let room = AT_ONCE - self.sending.len();
        let limit = self.accounts.mail_health.admits(room, now);
        if limit == 0 || self.failed.is_some() {
            return;
        }
        let lease = now.saturating_add(LEASE);
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        match self.accounts.store.claim_mail(now, lease, limit).await {
            Ok(due) => due.into_iter().for_each(|queued| self.send(queued)),
            Err(error) => self.failed = Some(error),
        }
    }

    fn send(&mut self, queued: QueuedMail) {
        let accounts = Arc::clone(self.accounts);
        self.sending.spawn(async move {
            let delivery = send(&accounts, &queued).await;
            let is_sent = delivery == Outcome::Sent;
            accounts
                .store
                .settle_mail(queued.id, delivery.into())
                .await?;
            Ok(is_sent)
        });
    }

    /// Waits until one has been sent, or until there is more: a slow one keeps nobody else waiting.
    async fn next(&mut self) {
        let accounts = Arc::clone(self.accounts);
        let mut rung = pin!(accounts.mail_bell.notified());
        let done = poll_fn(|context| {
            if let Poll::Ready(done) = self.sending.poll_join_next(context) {
                return Poll::Ready(done);
            }
            rung.as_mut().poll(context).map(|()| None)
        });
        if let Some(done) = done.await {
            self.note(done);
        }
    }

    fn note(&mut self, done: Result<Result<bool, StoreError>, JoinError>) {
        match done {
            Ok(Ok(is_sent)) => self.sent += u64::from(is_sent),
            Ok(Err(error)) => self.failed = Some(error),
            // Its lease ends, and it is tried again.
            Err(error) if error.is_panic() => observe::panicked(),
            Err(_) => {}
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Sent,
    GivenUp,
    RetryAt(Timestamp),
}

impl From<Outcome> for Delivery {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Sent | Outcome::GivenUp => Self::Done,
            Outcome::RetryAt(at) => Self::RetryAt(at),
        }
    }
}

async fn send(accounts: &Inner, queued: &QueuedMail) -> Outcome {
    let Some(mail) = written(accounts, queued) else {
        observe::unreadable(queued.id);
        return Outcome::GivenUp;
    };
    let sending = tokio::time::timeout(LONGEST, accounts.mailer.send(&mail)).await;
    let sent = sending.unwrap_or_else(|_| Err(MailError::later("the mailer took too long")));
    let now = accounts.now();
    match &sent {
        Err(error) if !error.is_permanent() => {
            if let Some(pause) = accounts.mail_health.failed(queued.id, now) {
                observe::down(pause);
            }
        }
        _ => accounts.mail_health.worked(),
    }
    match sent {
        Ok(()) => {
            observe::sent(&mail);
            Outcome::Sent
        }
        Err(error) => failed(queued, &mail, &error, now),
    }
}

fn failed(queued: &QueuedMail, mail: &Mail, error: &MailError, now: Timestamp) -> Outcome {
    let retry = again(now, queued.attempts);
    if error.is_permanent() {
        observe::refused(queued, mail, error);
        Outcome::GivenUp
    } else if retry >= queued.expires_at {
        observe::expired(queued, mail, error);
        Outcome::GivenUp
    } else {
        observe::postponed(queued, mail, error);
        Outcome::RetryAt(retry)
    }
}

fn written(accounts: &Inner, queued: &QueuedMail) -> Option<Mail> {
    let opened = accounts
        .sealing
        .open(&queued.sealed, &["outbox", &queued.id.to_string()])
        .ok()?;
    let envelope: Envelope = serde_json::from_slice(opened.expose()).ok()?;
    let letter = Letter::new(&envelope.message, &envelope.to, queued.created_at)
        .service(&accounts.service_name)
        .language(envelope.language.as_deref());
    Some(accounts.texts.write(&letter))
}

fn again(now: Timestamp, attempts: u32) -> Timestamp {
    let pause = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(attempts.min(16)).unwrap_or(u32::MAX));
    now.saturating_add(pause.min(LONGEST_PAUSE))
}
