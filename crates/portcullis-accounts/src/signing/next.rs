//! What is due: the first key and each next one, the end of those that are dead, and a seal of today.

use portcullis_core::Timestamp;
use portcullis_jwt::SigningKey;
use std::time::Duration;

use super::keys::SigningKeys;
use super::known::{Known, KnownKey, end_of};
use super::{SigningKeysError, sealed};
use crate::model::{AuditKind, StoredKey};
use crate::store::{Change, CommitError};

/// More keys than this are never made by themselves. There are three at a time: one that retires, one that signs, one that will.
const MOST: usize = 16;

/// A key that was made this far in the future was made by a node whose clock is wrong; it puts off the next one.
const FUTURE: Duration = Duration::from_secs(600);

impl SigningKeys {
    /// Does it, and says whether nothing was to be done; otherwise the keys are to be read again.
    pub(super) async fn do_what_is_due(
        &self,
        rows: &[StoredKey],
        known: &mut Known,
        now: Timestamp,
    ) -> Result<bool, SigningKeysError> {
        let changes = self.due(rows, known, now).await?;
        if changes.is_empty() {
            return Ok(true);
        }
        let committed = self.inner.needs.store.commit(&changes).await;
        if committed.is_err() {
            known.sealed_anew.clear();
        }
        match committed {
            Ok(_) => self.inner.needs.trail.tell(&changes),
            Err(CommitError::Conflict { .. }) => {
                tracing::debug!("another node has changed the signing keys; reading them again");
            }
            // There are keys, and nothing else is due this moment.
            Err(error) if !rows.is_empty() => {
                tracing::warn!(cause = ?error, "the signing keys could not be changed; it is tried again");
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(false)
    }

    async fn due(
        &self,
        rows: &[StoredKey],
        known: &mut Known,
        now: Timestamp,
    ) -> Result<Vec<Change>, SigningKeysError> {
        let mut changes = Vec::new();
        if let Some((announced_for, reason)) = self.is_next_due(rows, known, now) {
            let number = rows.last().map_or(0, |last| last.number);
            changes = self
                .made(number.saturating_add(1), now, announced_for, reason)
                .await?;
        }
        changes.extend(self.dead(rows, now)?);
        changes.extend(self.sealed_anew(known)?);
        Ok(changes)
    }

    /// For how long the next key is to be announced, if it is due, and why.
    fn is_next_due(
        &self,
        rows: &[StoredKey],
        known: &mut Known,
        now: Timestamp,
    ) -> Option<(Duration, &'static str)> {
        let rotation = &self.inner.needs.rotation;
        let Some(newest) = rows.last() else {
            // There is nobody whom it would have to be announced to.
            return Some((Duration::ZERO, "first"));
        };
        let is_of_future = now.saturating_add(FUTURE) < newest.created_at;
        if is_of_future && known.is_to_be_told(&newest.kid) {
            tracing::warn!(
                kid = newest.kid,
                "a signing key was made in the future: is the clock of a node wrong?"
            );
        }
        let is_due = newest.signs_from.saturating_add(rotation.next_after()) <= now;
        if is_due && MOST <= rows.len() {
            if known.is_to_be_told(&newest.kid) {
                tracing::error!("there are too many signing keys; no further one is made");
            }
            return None;
        }
        is_due.then(|| (rotation.announcement(), "due"))
    }

    /// A new key, and that it was made.
    pub(super) async fn made(
        &self,
        number: u32,
        now: Timestamp,
        announced_for: Duration,
        reason: &'static str,
    ) -> Result<Vec<Change>, SigningKeysError> {
        let needs = &self.inner.needs;
        let algorithm = needs.rotation.made_by();
        // For RSA that takes long.
        let key = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
        let key = key.ok().and_then(Result::ok);
        let key = key.ok_or_else(SigningKeysError::unmade)?;
        let row = sealed::row_of(&key, number, (now, announced_for), &needs.sealing)?;
        let entries = needs
            .trail
            .entries(AuditKind::SigningKeyCreated, reason, &row.kid, now)?;
        let mut changes = vec![Change::PutSigningKey(Box::new(row))];
        changes.extend(entries);
        Ok(changes)
    }

    /// Those whose last token has ended go.
    fn dead(&self, rows: &[StoredKey], now: Timestamp) -> Result<Vec<Change>, SigningKeysError> {
        let mut changes = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            let end = end_of(rows, place, self.verifies_on());
            if end.is_some_and(|end| end <= now) {
                changes.extend(self.forgotten(&row.kid, "dead", now)?);
            }
        }
        Ok(changes)
    }

    /// The end of a key, and that it has ended.
    pub(super) fn forgotten(
        &self,
        kid: &str,
        reason: &'static str,
        now: Timestamp,
    ) -> Result<Vec<Change>, SigningKeysError> {
        let trail = &self.inner.needs.trail;
        let kind = AuditKind::SigningKeyForgotten;
        let mut changes = vec![Change::ForgetSigningKey {
            kid: kid.to_owned(),
        }];
        changes.extend(trail.entries(kind, reason, kid, now)?);
        Ok(changes)
    }

    fn sealed_anew(&self, known: &mut Known) -> Result<Vec<Change>, SigningKeysError> {
        let sealing = &self.inner.needs.sealing;
        let mut changes = Vec::new();
        for KnownKey { row, key, opens } in &known.keys {
            let is_old = *opens && sealing.needs_resealing(&row.sealed);
            if is_old && known.sealed_anew.insert(row.kid.clone()) {
                changes.push(Change::ResealSigningKey {
                    kid: row.kid.clone(),
                    before: row.sealed.clone(),
                    after: sealed::sealed_anew(row, key, sealing)?,
                });
            }
        }
        Ok(changes)
    }
}
