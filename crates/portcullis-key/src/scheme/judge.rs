//! Whether a key is good, and whose it is.

use std::sync::Arc;

use portcullis_core::{AuthUser, Denial, Identified, SchemeName, ScopeMap, SharedClock, Timestamp};

use super::cause::Cause;
use super::source::Source;
use crate::cache::{Epoch, KeyCache};
use crate::{ApiKey, KeyDigest, KeyId, KeyIndex, KeyRecord, observe};

#[derive(Debug, Clone)]
pub(super) struct Judge {
    pub(super) source: Source,
    pub(super) scope_map: ScopeMap,
    pub(super) clock: SharedClock,
    pub(super) cache: Option<Arc<KeyCache>>,
}

/// A key that must be looked up.
pub(super) struct Question {
    pub(super) index: KeyIndex,
    /// Only where the application's closure wants it.
    pub(super) key: Option<ApiKey>,
    /// The collection that was named beside the key.
    pub(super) collection: Option<Arc<str>>,
}

impl Judge {
    /// Whether keys are judged by a closure, which is given the key itself.
    pub(super) fn wants_key(&self) -> bool {
        matches!(self.source, Source::Function(_))
    }

    /// The user of a key that was found good a moment ago.
    pub(super) fn remembered(&self, digest: &KeyDigest) -> Option<AuthUser> {
        let user = self
            .cache
            .as_ref()?
            .find(digest, self.clock.monotonic_coarse())?;
        (!self.is_over(user.expires_at())).then_some(user)
    }

    pub(super) async fn decide(self: Arc<Self>, mut question: Question) -> Identified {
        // Before the look-up, so that a revocation in its course is noticed.
        let epoch = self.cache.as_ref().map(|cache| cache.epoch());
        let key = question.key.take();
        let user = match &self.source {
            Source::Lookup(lookup) => match lookup.find(&question.index).await {
                Ok(record) => self.weigh(record, &question.index)?,
                Err(error) => {
                    observe::unavailable(&error);
                    return Err(Denial::unavailable());
                }
            },
            Source::Function(validate) => match key {
                Some(key) => self.accept(validate(key).await?, &question.index)?,
                None => return Err(Cause::Unknown.denial(None)),
            },
        };
        observe::found();
        self.remember(&question.index, &user, epoch);
        within(user, question.collection.as_deref()).map(Some)
    }

    /// The digest is compared first, so that a mere id tells nobody whether its key is disabled.
    fn weigh(&self, record: Option<KeyRecord>, index: &KeyIndex) -> Result<AuthUser, Denial> {
        let presented_id = index.key_id().map(KeyId::as_str);
        let record = record.ok_or_else(|| Cause::Unknown.denial(presented_id))?;
        let fault = if record.digest() != index.digest() {
            Some(Cause::Mismatch)
        } else if record.is_disabled() {
            Some(Cause::Disabled)
        } else if self.is_over(record.expires_at()) {
            Some(Cause::Expired)
        } else {
            None
        };
        match fault {
            Some(cause) => Err(cause.denial(Some(record.id()))),
            None => self.not_over(record.into_user(&self.scope_map)),
        }
    }

    /// What the application's closure said.
    fn accept(&self, user: Option<AuthUser>, index: &KeyIndex) -> Result<AuthUser, Denial> {
        let presented_id = index.key_id().map(KeyId::as_str);
        let user = user.ok_or_else(|| Cause::NotValidated.denial(presented_id))?;
        let user = match *user.scheme() == SchemeName::API_KEY {
            true => user,
            false => user.to_builder().scheme(SchemeName::API_KEY).build(),
        };
        self.not_over(user)
    }

    fn not_over(&self, user: AuthUser) -> Result<AuthUser, Denial> {
        match self.is_over(user.expires_at()) {
            true => Err(Cause::Expired.denial(user.credential_id())),
            false => Ok(user),
        }
    }

    fn is_over(&self, expires_at: Option<Timestamp>) -> bool {
        expires_at.is_some_and(|expires_at| expires_at <= self.clock.now())
    }

    fn remember(&self, index: &KeyIndex, user: &AuthUser, epoch: Option<Epoch>) {
        if let (Some(cache), Some(epoch)) = (&self.cache, epoch) {
            cache.insert(
                index.digest(),
                user.clone(),
                epoch,
                self.clock.monotonic_coarse(),
            );
        }
    }
}

/// Holds a key to the collection that the client named beside it, if it named one.
pub(super) fn within(user: AuthUser, collection: Option<&str>) -> Result<AuthUser, Denial> {
    match collection {
        Some(collection) if collection != user.collection() => {
            Err(Cause::Collection.denial(user.credential_id()))
        }
        _ => Ok(user),
    }
}
