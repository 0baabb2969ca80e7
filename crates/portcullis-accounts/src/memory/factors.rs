use portcullis_core::Timestamp;

use super::state::{Refusal, State};
use crate::model::{Factor, RecordId, UserRef};
use crate::store::{Change, Conflict};

impl State {
    /// The changes of second factors, and no others.
    pub(super) fn apply_to_factor(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::PutFactor(factor) => self.put_factor(factor),
            Change::ActivateFactor {
                owner,
                id,
                step,
                at,
            } => self.activate_factor((owner, id), *step, *at),
            Change::UseStep {
                owner,
                id,
                step,
                resealed,
            } => self.use_step((owner, id), *step, resealed.as_ref()),
            Change::DeleteFactor { owner } => self.delete_factor(owner),
            Change::PutRecoveryCodes { owner, digests } => self.put_recovery_codes(owner, digests),
            Change::TakeRecoveryCode { owner, any_of } => self.take_recovery_code(owner, any_of),
            _ => Err(Refusal::Taken("this is no change of a factor")),
        }
    }

    fn put_factor(&mut self, factor: &Factor) -> Result<(), Refusal> {
        self.require_owner(&factor.owner)?;
        match self.factors.get(&factor.owner) {
            Some(there) if there.is_active() => Err(Conflict::FactorActive.into()),
            _ => {
                self.factors.put(factor.owner.clone(), factor.clone());
                Ok(())
            }
        }
    }

    fn activate_factor(
        &mut self,
        (owner, id): (&UserRef, &RecordId),
        step: u64,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let mut factor = self.factor_of(owner, id)?;
        if factor.is_active() {
            return Err(Conflict::FactorActive.into());
        }
        factor.activated_at = Some(at);
        factor.last_step = Some(step);
        self.factors.put(owner.clone(), factor);
        Ok(())
    }

    fn use_step(
        &mut self,
        (owner, id): (&UserRef, &RecordId),
        step: u64,
        resealed: Option<&Vec<u8>>,
    ) -> Result<(), Refusal> {
        let mut factor = self.factor_of(owner, id)?;
        if !factor.is_active() {
            return Err(Conflict::NotFound.into());
        }
        if factor.last_step.is_some_and(|last| step <= last) {
            return Err(Conflict::Changed.into());
        }
        factor.last_step = Some(step);
        factor.sealed = resealed.cloned().unwrap_or(factor.sealed);
        self.factors.put(owner.clone(), factor);
        Ok(())
    }

    fn delete_factor(&mut self, owner: &UserRef) -> Result<(), Refusal> {
        self.factors.get(owner).ok_or(Conflict::NotFound)?;
        self.factors.remove(owner);
        self.drop_recovery_codes(owner);
        Ok(())
    }

    fn put_recovery_codes(&mut self, owner: &UserRef, digests: &[[u8; 32]]) -> Result<(), Refusal> {
        self.require_owner(owner)?;
        self.drop_recovery_codes(owner);
        for digest in digests {
            self.recovery_codes.put((owner.clone(), *digest), ());
        }
        Ok(())
    }

    fn take_recovery_code(&mut self, owner: &UserRef, any_of: &[[u8; 32]]) -> Result<(), Refusal> {
        let mut candidates = any_of.iter().map(|digest| (owner.clone(), *digest));
        let found = candidates.find(|code| self.recovery_codes.has(code));
        self.recovery_codes
            .remove(&found.ok_or(Conflict::NotFound)?);
        Ok(())
    }

    pub(super) fn drop_recovery_codes(&mut self, owner: &UserRef) {
        for code in self.recovery_codes_of(owner) {
            self.recovery_codes.remove(&code);
        }
    }

    pub(super) fn recovery_codes_of(&self, owner: &UserRef) -> Vec<(UserRef, [u8; 32])> {
        let all = (owner.clone(), [0; 32])..=(owner.clone(), [0xff; 32]);
        let found = self.recovery_codes.rows().range(all);
        found.map(|(code, ())| code.clone()).collect()
    }

    fn factor_of(&self, owner: &UserRef, id: &RecordId) -> Result<Factor, Refusal> {
        let factor = self.factors.get(owner).filter(|factor| factor.id == *id);
        Ok(factor.cloned().ok_or(Conflict::NotFound)?)
    }
}
