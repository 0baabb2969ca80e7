use portcullis_core::Timestamp;

use crate::{KeyError, KeyErrorKind, KeySet, SigningKey, VerifyingKey};

/// A key with its moments, for [`KeyRing::schedule`](crate::KeyRing::schedule).
#[derive(Debug, Clone)]
#[must_use]
pub struct ScheduledKey {
    key: SigningKey,
    pub(super) signs_from: Timestamp,
    verifies_until: Option<Timestamp>,
}

impl ScheduledKey {
    /// A key that signs from this moment on, until that of the next.
    pub fn new(key: SigningKey, signs_from: Timestamp) -> Self {
        Self {
            key,
            signs_from,
            verifies_until: None,
        }
    }

    /// From this moment on it verifies nothing any more; for ever it does, unless said. Say so where there is a next key, and no sooner
    /// than that signs and the tokens of this one have ended.
    pub fn with_verifies_until(mut self, until: Timestamp) -> Self {
        self.verifies_until = Some(until);
        self
    }
}

/// The keys at one moment.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// In the order in which they sign.
    pub(super) signers: Vec<Signer>,
    pub(super) retired: Vec<VerifyingKey>,
    /// All that verify.
    pub(super) set: KeySet,
}

/// A key that signs, has signed, or will.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) key: SigningKey,
    /// Its other half, with its end.
    pub(super) verifying: VerifyingKey,
    begin: Begin,
}

/// From when on a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    Now,
    At(Timestamp),
    /// When somebody rotates to it.
    WhenTold,
}

impl Signer {
    pub(super) fn new(key: SigningKey, begin: Begin) -> Self {
        Self {
            verifying: key.verifying_key().clone(),
            key,
            begin,
        }
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.key.kid()
    }

    pub(super) fn is_announced(&self) -> bool {
        self.begin == Begin::WhenTold
    }

    fn has_begun(&self, now: Timestamp) -> bool {
        match self.begin {
            Begin::Now => true,
            Begin::At(moment) => moment <= now,
            Begin::WhenTold => false,
        }
    }
}

impl From<ScheduledKey> for Signer {
    fn from(scheduled: ScheduledKey) -> Self {
        let begin = Begin::At(scheduled.signs_from);
        let mut signer = Self::new(scheduled.key, begin);
        if let Some(until) = scheduled.verifies_until {
            signer.verifying = signer.verifying.with_until(until);
        }
        signer
    }
}

impl State {
    pub(super) fn empty() -> Self {
        Self {
            signers: Vec::new(),
            retired: Vec::new(),
            set: KeySet::empty(),
        }
    }

    /// The latest whose moment has come. The first where none has: another machine's clock was ahead when it made the only key.
    pub(super) fn signing(&self, now: Timestamp) -> Option<&Signer> {
        let mut latest_first = self.signers.iter().rev();
        let begun = latest_first.find(|signer| signer.has_begun(now));
        begun.or_else(|| self.signers.first())
    }

    /// Whether there was one.
    pub(super) fn forget(&mut self, kid: &str, now: Timestamp) -> bool {
        let count = |state: &Self| state.signers.len() + state.retired.len();
        self.drop_dead(now);
        let before = count(self);
        self.retired.retain(|key| key.kid() != Some(kid));
        self.signers.retain(|signer| signer.kid() != Some(kid));
        count(self) < before
    }

    pub(super) fn drop_dead(&mut self, now: Timestamp) {
        self.retired.retain(|key| key.is_live(now));
        self.signers.retain(|signer| signer.verifying.is_live(now));
    }

    /// The keys that verify now.
    pub(super) fn live(&self, now: Timestamp) -> Result<KeySet, KeyError> {
        let signers = self.signers.iter().map(|signer| &signer.verifying);
        let all = signers.chain(&self.retired);
        let keys: Vec<VerifyingKey> = all.filter(|key| key.is_live(now)).cloned().collect();
        match keys.len() > 1 && keys.iter().any(|key| key.kid().is_none()) {
            true => Err(KeyError::new(
                KeyErrorKind::Unsuitable,
                "keys of a ring with more than one have names: give each a kid",
            )),
            false => KeySet::new(keys),
        }
    }
}
