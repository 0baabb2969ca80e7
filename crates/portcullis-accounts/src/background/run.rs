use std::sync::{Arc, Weak};
use std::time::Duration;

use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use super::end::End;
use super::{Heard, uses};
use crate::accounts::Inner;
use crate::store::{CommitError, StoreError};
use crate::{Accounts, mail};

/// How often this node asks what other nodes have taken back.
const REVOCATIONS: Duration = Duration::from_secs(1);

/// How often the outbox is looked at when nothing rings.
const OUTBOX: Duration = Duration::from_secs(5);

/// For how long an access token is good after its end, for clocks that differ: what verifiers allow.
const LEEWAY: Duration = Duration::from_secs(60);

/// How often old rows are removed, and how many of each kind at a time.
const PURGE: Duration = Duration::from_secs(60);
const PURGED_AT_ONCE: u32 = 1_000;

/// Starts what is done beside the requests. It ends when the last handle of the accounts is dropped, or by
/// [`Accounts::close`].
pub(crate) fn start(accounts: &Accounts) {
    let inner = || Arc::downgrade(&accounts.inner);
    let background = &accounts.inner.background;
    let end = || background.end();
    background.spawn(every(
        inner(),
        end(),
        REVOCATIONS,
        async |accounts: &Accounts| accounts.catch_up().await,
    ));
    background.spawn(every(
        inner(),
        end(),
        uses::INTERVAL,
        async |accounts: &Accounts| accounts.note_key_uses().await,
    ));
    background.spawn(every(inner(), end(), PURGE, async |accounts: &Accounts| {
        accounts.purge().await.map(drop)
    }));
    background.spawn(deliver(inner(), end()));
    background.spawn(listen(inner(), end()));
}

async fn every<F>(inner: Weak<Inner>, mut end: End, interval: Duration, step: F)
where
    F: AsyncFn(&Accounts) -> Result<(), StoreError>,
{
    loop {
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = step(&Accounts { inner }).await {
            tracing::warn!(cause = ?error, "work beside the requests was not done; it is tried again");
        }
        if end.comes_within(interval).await {
            return;
        }
    }
}

/// Mail goes out as soon as it is queued, and what failed when it is due again.
async fn deliver(inner: Weak<Inner>, end: End) {
    while !end.has_come() {
        let Some(inner) = inner.upgrade() else { return };
        let accounts = Accounts { inner };
        if let Err(error) = accounts.deliver_mail().await {
            tracing::warn!(cause = ?error, "mail was not sent; it is tried again");
        }
        let rung = accounts.inner.mail_bell.notified();
        let _ = tokio::time::timeout(OUTBOX, rung).await;
    }
}

/// Hears from other nodes what they take back, where there is a feed.
async fn listen(inner: Weak<Inner>, mut end: End) {
    let Some(feed) = inner.upgrade().and_then(|inner| inner.feed.clone()) else {
        return;
    };
    while let Some(heard) = end.comes_before(feed.next()).await {
        let Some(inner) = inner.upgrade() else { return };
        inner.hear(&heard).await;
    }
}

/// What the accounts do beside the requests, by themselves and in the background; these methods are for tests, and for
/// applications that would rather do it at times of their own.
impl Accounts {
    /// Hears what other nodes have taken back; every second by itself.
    ///
    /// # Errors
    ///
    /// If the store does not answer; it is then asked again.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        self.inner.access.revoked().catch_up().await
    }

    /// Writes down when API keys were used last and from where, and in the audit trail which were used for the first time; every
    /// minute by itself.
    ///
    /// # Errors
    ///
    /// If the store does not answer; these uses are then not noted.
    pub async fn note_key_uses(&self) -> Result<(), StoreError> {
        let uses = self.inner.uses.take();
        if uses.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = uses.iter().map(|(key, used)| used.row(*key)).collect();
        self.inner.store.note_use(&rows).await?;
        let firsts = self.inner.uses.first_uses(&uses, self.inner.networks);
        let firsts = firsts.map_err(|_| StoreError::new("no randomness for ids"))?;
        if firsts.is_empty() {
            return Ok(());
        }
        match self.inner.commit(firsts).await {
            Err(CommitError::Store(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes up to a thousand rows of each kind that nothing needs any more, and says how many went; every minute by itself.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let now = self.inner.now();
        let audit_before = self
            .inner
            .audit_kept_for
            .map(|kept| now.saturating_sub(kept));
        // Logins stay for as long as access tokens of theirs may be good still: whoever ends all of a user's sessions ends by them
        // those tokens, too.
        let over = now.saturating_sub(self.inner.token_life.saturating_add(LEEWAY));
        self.inner
            .store
            .purge(over, audit_before, PURGED_AT_ONCE)
            .await
    }

    /// Ends what is done beside the requests, once what is under way is done, and notes the last uses of API keys. For applications
    /// that end: close the store after it. Requests are answered still.
    ///
    /// # Errors
    ///
    /// If the store does not answer; the last uses are then not noted.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.background.announce_end();
        self.inner.mail_bell.notify_one();
        self.inner.background.wait().await;
        self.note_key_uses().await
    }

    /// Sends the mail that is due, and says how much was sent; by itself as soon as there is some.
    ///
    /// # Errors
    ///
    /// If the store does not answer. A mailer that fails is no error here: its mail is tried again.
    pub async fn deliver_mail(&self) -> Result<u64, StoreError> {
        mail::deliver(&self.inner).await
    }
}

impl Inner {
    /// What another node has taken back is nothing here from now on. Where something was missed, nothing that this node remembers is
    /// trusted before the store was asked.
    async fn hear(&self, heard: &Heard) {
        let revoked = self.access.revoked();
        match heard {
            // A signing key: which there are is in the store.
            Heard::Revoked(Revocation::Key { .. }) if self.signing_keys.is_some() => {
                self.hear_anew().await;
            }
            Heard::Revoked(revocation) => revoked.apply(revocation),
            Heard::Gap => self.hear_anew().await,
        }
    }

    async fn hear_anew(&self) {
        let revoked = self.access.revoked();
        revoked.distrust();
        if let Err(error) = revoked.catch_up().await {
            tracing::warn!(cause = ?error, "what was taken back elsewhere is not known; requests ask for it");
        }
    }

    /// When what this moment revokes may be forgotten: no token that was issued by now is good any more, whatever the clocks.
    pub(crate) fn revoked_until(&self, now: Timestamp) -> Timestamp {
        const MARGIN: Duration = Duration::from_secs(10 * 60);
        now.saturating_add(self.token_life).saturating_add(MARGIN)
    }
}
