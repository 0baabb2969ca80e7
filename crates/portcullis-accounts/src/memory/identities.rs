use super::state::{Refusal, State};
use crate::model::{Identity, RecordId, UserRef};
use crate::store::{Change, Conflict};

/// Collection, issuer, subject.
pub(super) type Told = (String, String, String);

impl State {
    pub(super) fn insert_identity(&mut self, identity: &Identity) -> Result<(), Refusal> {
        self.require_owner(&identity.owner)?;
        let told = told(identity);
        if self.subjects.has(&told) {
            return Err(Conflict::IdentityTaken.into());
        }
        if self.identities.get(&identity.id).is_some() {
            return Err(Refusal::Taken("the id of the identity is taken"));
        }
        self.subjects.put(told, identity.id);
        self.identities.put(identity.clone());
        Ok(())
    }

    /// [`Change::UseIdentity`], and no other.
    pub(super) fn use_identity(&mut self, change: &Change) -> Result<(), Refusal> {
        let Change::UseIdentity {
            owner,
            id,
            at,
            email,
            sealed_tokens,
        } = change
        else {
            return Err(Refusal::Taken("this is no use of an identity"));
        };
        let own = self.identities.of_owner(owner, id);
        let identity = own.cloned().ok_or(Conflict::NotFound)?;
        self.identities.put(Identity {
            last_used_at: Some(*at),
            email: email.clone(),
            sealed_tokens: sealed_tokens.clone(),
            ..identity
        });
        Ok(())
    }

    pub(super) fn delete_identity(
        &mut self,
        owner: &UserRef,
        id: &RecordId,
    ) -> Result<(), Refusal> {
        let own = self.identities.of_owner(owner, id);
        let told = told(own.ok_or(Conflict::NotFound)?);
        self.subjects.remove(&told);
        self.identities.remove(id);
        Ok(())
    }

    pub(super) fn delete_identities(&mut self, owner: &UserRef) {
        for id in self.identities.ids_of(owner, |_| true) {
            // It is there.
            let _ = self.delete_identity(owner, &id);
        }
    }

    pub(super) fn require_credential(&self, owner: &UserRef) -> Result<(), Refusal> {
        let user = self.users.get(owner);
        let has_password = user.is_some_and(|user| user.password.is_some());
        match has_password || self.identities.all_of(owner).next().is_some() {
            true => Ok(()),
            false => Err(Conflict::LastCredential.into()),
        }
    }
}

fn told(identity: &Identity) -> Told {
    (
        identity.owner.collection.clone(),
        identity.issuer.clone(),
        identity.subject.clone(),
    )
}
