//! Faults with second factors, tickets and identities that one request at a time shows.

use portcullis_accounts::store::{
    Change, FactorStore, IdentityStore, Ledger, SigningKeyStore, TicketStore, UserStore,
};
use portcullis_accounts::{Factor, RecordId, TicketPurpose, UserRef};
use portcullis_core::Timestamp;

use crate::bend::nothing;
use crate::fault::Fault;
use crate::faulty::Faulty;
use crate::hasty::everybody;

impl Faulty {
    pub(crate) async fn bend_credential(&self, change: Change) -> Change {
        let change = self.bend_factor(change).await;
        let change = self.bend_codes(change);
        let change = self.bend_ticket(change).await;
        let change = self.bend_signing_key(change).await;
        self.bend_requirement(change).await
    }

    async fn bend_factor(&self, mut change: Change) -> Change {
        match (self.fault, &mut change) {
            (Fault::ReplacesActiveFactors, Change::PutFactor(factor)) => {
                self.forget_factor(&factor.owner).await;
            }
            (Fault::ForgetsToSealAnew, Change::UseStep { resealed, .. }) => *resealed = None,
            (Fault::UsesStepsOfAnyFactor, Change::UseStep { owner, id, .. }) => {
                *id = self.factor_of(owner).await.map_or(*id, |factor| factor.id);
            }
            (Fault::UsesStepsAgain, Change::UseStep { owner, id, .. }) => {
                let found = self.factor_of(owner).await;
                if found.is_some_and(|one| one.id == *id && one.is_active()) {
                    change = nothing();
                }
            }
            (Fault::UsesStepsBeforeActivation, Change::UseStep { owner, id, .. }) => {
                let found = self.factor_of(owner).await;
                if found.is_some_and(|one| one.id == *id && !one.is_active()) {
                    change = nothing();
                }
            }
            _ => {}
        }
        change
    }

    pub(crate) async fn factor_of(&self, owner: &UserRef) -> Option<Factor> {
        self.store.factor(owner).await.ok().flatten()
    }

    /// By a commit of its own.
    pub(crate) async fn forget_factor(&self, owner: &UserRef) {
        let owner = owner.clone();
        let _ = self.store.commit(&[Change::DeleteFactor { owner }]).await;
    }

    fn bend_codes(&self, mut change: Change) -> Change {
        let noted = self.codes.lock().expect("nobody panics");
        match (self.fault, &mut change) {
            (Fault::AddsCodes, Change::PutRecoveryCodes { owner, digests }) => {
                digests.extend(noted.get(owner).into_iter().flatten());
            }
            (Fault::TakesCodesAgain, Change::TakeRecoveryCode { owner, any_of }) => {
                let given = noted.get(owner).into_iter().flatten();
                if given.into_iter().any(|code| any_of.contains(code)) {
                    change = nothing();
                }
            }
            (Fault::TakesCodesOfAnybody, Change::TakeRecoveryCode { owner, any_of }) => {
                let has = |codes: &Vec<[u8; 32]>| codes.iter().any(|code| any_of.contains(code));
                let found = noted.iter().find(|(_, codes)| has(codes));
                *owner = found.map_or(owner.clone(), |(owner, _)| owner.clone());
            }
            _ => {}
        }
        change
    }

    /// Notes the codes of changes that were made, or gives those back that should have gone.
    pub(crate) async fn note_codes(&self, made: &[Change]) {
        let mut kept = Vec::new();
        for change in made {
            let mut noted = self.codes.lock().expect("nobody panics");
            match change {
                Change::PutRecoveryCodes { owner, digests } => {
                    noted.insert(owner.clone(), digests.clone());
                }
                Change::DeleteFactor { owner } if self.has(Fault::KeepsCodesOfAFactor) => {
                    let digests = noted.get(owner).cloned().unwrap_or_default();
                    let owner = owner.clone();
                    kept.push(Change::PutRecoveryCodes { owner, digests });
                }
                _ => {}
            }
        }
        let _ = self.store.commit(&kept).await;
    }

    async fn bend_ticket(&self, mut change: Change) -> Change {
        match (self.fault, &mut change) {
            (Fault::ReplacesTickets, Change::InsertTicket(ticket)) => {
                let purposes = vec![ticket.purpose];
                if let Some(owner) = ticket.owner() {
                    let dropped = Change::DropTickets { owner, purposes };
                    let _ = self.store.commit(&[dropped]).await;
                }
            }
            (Fault::DropsTicketsOfAnyPurpose, Change::DropTickets { purposes, .. }) => {
                *purposes = TicketPurpose::ALL.to_vec();
            }
            (
                Fault::TakesTicketsByIdAlone,
                Change::TakeTicket {
                    id,
                    digest,
                    purpose,
                    ..
                },
            ) => {
                if let Ok(Some(ticket)) = self.store.ticket(*id).await {
                    (*digest, *purpose) = (ticket.digest, ticket.purpose);
                }
            }
            (Fault::TakesTicketsPastTheirEnd, Change::TakeTicket { at, .. }) => {
                *at = Timestamp::UNIX_EPOCH;
            }
            (Fault::TakesTicketsAgain, Change::TakeTicket { id, .. }) => {
                let found = self.store.ticket(*id).await.ok().flatten();
                if found.is_some() {
                    change = nothing();
                }
            }
            (Fault::BoundsNoTries, Change::CountAttempt { at_most, .. }) => *at_most = u32::MAX,
            (Fault::CountsNoTries, Change::CountAttempt { id, at_most, .. }) => {
                let found = self.store.ticket(*id).await.ok().flatten();
                if found.is_some_and(|ticket| ticket.attempts < *at_most) {
                    change = nothing();
                }
            }
            _ => {}
        }
        change
    }

    async fn bend_signing_key(&self, mut change: Change) -> Change {
        let keys = self.store.signing_keys().await.unwrap_or_default();
        match (self.fault, &mut change) {
            (Fault::PutsSigningKeysOfAnyNumber, Change::PutSigningKey(key)) => {
                key.number = keys.last().map_or(1, |last| last.number + 1);
            }
            (Fault::SealsAnewWhateverThereIs, Change::ResealSigningKey { kid, before, .. }) => {
                let found = keys.into_iter().find(|key| key.kid == *kid);
                *before = found.map_or(before.clone(), |key| key.sealed);
            }
            (Fault::KeepsForgottenSigningKeys, Change::ForgetSigningKey { kid })
                if keys.iter().any(|key| key.kid == *kid) =>
            {
                change = nothing();
            }
            _ => {}
        }
        change
    }

    async fn bend_requirement(&self, change: Change) -> Change {
        match (self.fault, change) {
            (Fault::AsksNoStamp, Change::RequireStamp { .. })
            | (Fault::AsksNoCredential, Change::RequireCredential { .. }) => nothing(),
            (Fault::AsksCredentialsOnTheWay, require @ Change::RequireCredential { .. }) => {
                match self.store.commit(std::slice::from_ref(&require)).await {
                    Ok(_) => nothing(),
                    Err(_) => require,
                }
            }
            (Fault::DeletesIdentitiesForAnybody, Change::DeleteIdentity { owner, id }) => {
                let owner = self.owner_of_identity(id).await.unwrap_or(owner);
                Change::DeleteIdentity { owner, id }
            }
            (_, change) => change,
        }
    }

    async fn owner_of_identity(&self, id: RecordId) -> Option<UserRef> {
        for user in self.store.users(&everybody("users")).await.ok()? {
            let owner = user.reference();
            let identities = self.store.identities(&owner).await.ok()?;
            if identities.iter().any(|identity| identity.id == id) {
                return Some(owner);
            }
        }
        None
    }
}
