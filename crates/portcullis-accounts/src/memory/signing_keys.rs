use super::state::{Refusal, State};
use crate::model::StoredKey;
use crate::store::{Change, Conflict};

impl State {
    /// The changes of signing keys, and no others.
    pub(super) fn apply_to_signing_keys(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::PutSigningKey(key) => self.put_signing_key(key),
            Change::ResealSigningKey { kid, before, after } => {
                let mut key = self.signing_key(kid)?;
                if key.sealed != *before {
                    return Err(Conflict::Changed.into());
                }
                key.sealed.clone_from(after);
                self.signing_keys.put(key.number, key);
                Ok(())
            }
            Change::ForgetSigningKey { kid } => {
                let number = self.signing_key(kid)?.number;
                self.signing_keys.remove(&number);
                Ok(())
            }
            _ => Err(Refusal::Taken("this is no change of a signing key")),
        }
    }

    fn put_signing_key(&mut self, key: &StoredKey) -> Result<(), Refusal> {
        let highest = self.signing_keys.rows().last_key_value();
        let before = highest.map_or(0, |(number, _)| *number);
        if before.checked_add(1) != Some(key.number) {
            return Err(Conflict::Changed.into());
        }
        if self.signing_key(&key.kid).is_ok() {
            return Err(Refusal::Taken("the name of the signing key is taken"));
        }
        self.signing_keys.put(key.number, key.clone());
        Ok(())
    }

    fn signing_key(&self, kid: &str) -> Result<StoredKey, Refusal> {
        let mut all = self.signing_keys.rows().values();
        let found = all.find(|key| key.kid == kid);
        Ok(found.cloned().ok_or(Conflict::NotFound)?)
    }
}
