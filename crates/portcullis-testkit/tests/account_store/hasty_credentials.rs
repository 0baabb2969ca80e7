//! Faults with second factors, tickets and identities that only a race shows.

use portcullis_accounts::store::{
    Change, IdentityStore, Ledger, SigningKeyStore, TicketStore, UserStore,
};
use portcullis_accounts::{StoredKey, UserRef};

use crate::bend::nothing;
use crate::fault::Fault;
use crate::faulty::Faulty;
use crate::hasty::dawdle;

impl Faulty {
    pub(crate) async fn bend_credential_in_two_steps(&self, change: Change) -> Change {
        let bent = match (self.fault, &change) {
            (Fault::UsesStepsInTwoSteps, Change::UseStep { .. }) => self.next_step(&change).await,
            (Fault::TakesCodesInTwoSteps, Change::TakeRecoveryCode { .. })
            | (Fault::TakesTicketsInTwoSteps, Change::TakeTicket { .. }) => {
                self.taken_if_there(&change).await
            }
            (Fault::CountsAttemptsInTwoSteps, Change::CountAttempt { .. }) => {
                self.counted(&change).await
            }
            (Fault::PutsFactorsInTwoSteps, Change::PutFactor(factor)) => {
                let found = self.factor_of(&factor.owner).await;
                if found.is_none_or(|found| !found.is_active()) {
                    dawdle().await;
                    self.forget_factor(&factor.owner).await;
                }
                None
            }
            (Fault::AsksStampsInTwoSteps, Change::RequireStamp { .. }) => {
                let holds = self.could_be_made(&change).await;
                self.then_nothing(holds).await
            }
            (Fault::AsksCredentialsInTwoSteps, Change::RequireCredential { owner }) => {
                let is_safe = self.credentials_of(owner).await > 1;
                self.then_nothing(is_safe).await
            }
            (Fault::PutsSigningKeysInTwoSteps, Change::PutSigningKey(key)) => {
                self.next_signing_key(key).await
            }
            _ => None,
        };
        bent.unwrap_or(change)
    }

    /// Who was next at first is next, whatever others have put there meanwhile.
    async fn next_signing_key(&self, key: &StoredKey) -> Option<Change> {
        let highest = async || {
            let keys = self.store.signing_keys().await.ok()?;
            Some(keys.last().map_or(0, |last| last.number))
        };
        if highest().await? + 1 != key.number {
            return None;
        }
        dawdle().await;
        let number = highest().await? + 1;
        let key = StoredKey {
            number,
            ..key.clone()
        };
        Some(Change::PutSigningKey(Box::new(key)))
    }

    async fn then_nothing(&self, holds: bool) -> Option<Change> {
        dawdle().await;
        holds.then(nothing)
    }

    /// Whether nothing is in the way just now.
    async fn could_be_made(&self, change: &Change) -> bool {
        let nobody = Change::DeleteUser(UserRef::new("nobody", crate::bend::nobody()));
        let made = self.store.commit(&[change.clone(), nobody]).await;
        matches!(
            made,
            Err(portcullis_accounts::store::CommitError::Conflict { index: 1, .. })
        )
    }

    /// What was good at first is good, whatever others have done meanwhile.
    async fn taken_if_there(&self, change: &Change) -> Option<Change> {
        if !self.could_be_made(change).await {
            return None;
        }
        dawdle().await;
        match self.could_be_made(change).await {
            true => None,
            false => Some(nothing()),
        }
    }

    async fn next_step(&self, change: &Change) -> Option<Change> {
        let mut change = change.clone();
        if !self.could_be_made(&change).await {
            return None;
        }
        dawdle().await;
        let Change::UseStep { owner, step, .. } = &mut change else {
            return None;
        };
        let last = self.factor_of(owner).await?.last_step.unwrap_or_default();
        *step = (last + 1).max(*step);
        Some(change)
    }

    async fn counted(&self, change: &Change) -> Option<Change> {
        let mut change = change.clone();
        let Change::CountAttempt { id, at_most, .. } = &mut change else {
            return None;
        };
        let ticket = self.store.ticket(*id).await.ok()??;
        let has_room = ticket.attempts < *at_most;
        dawdle().await;
        *at_most = u32::MAX;
        has_room.then_some(change)
    }

    async fn credentials_of(&self, owner: &UserRef) -> usize {
        let user = self.store.user(owner).await.ok().flatten();
        let has_password = user.is_some_and(|user| user.password.is_some());
        let identities = self.store.identities(owner).await.unwrap_or_default();
        identities.len() + usize::from(has_password)
    }
}
