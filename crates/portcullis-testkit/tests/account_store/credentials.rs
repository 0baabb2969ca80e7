//! Reading second factors, tickets and identities, with faults.

use async_trait::async_trait;
use portcullis_accounts::store::{
    FactorStore, IdentityStore, SigningKeyStore, StoreError, TicketStore,
};
use portcullis_accounts::{Factor, Identity, RecordId, StoredKey, Ticket, UserRef};

use crate::fault::Fault;
use crate::faulty::Faulty;

#[async_trait]
impl FactorStore for Faulty {
    async fn factor(&self, owner: &UserRef) -> Result<Option<Factor>, StoreError> {
        self.store.factor(owner).await
    }

    async fn recovery_codes_left(&self, owner: &UserRef) -> Result<u32, StoreError> {
        self.store.recovery_codes_left(owner).await
    }
}

#[async_trait]
impl TicketStore for Faulty {
    async fn ticket(&self, id: RecordId) -> Result<Option<Ticket>, StoreError> {
        let found = self.store.ticket(id).await?;
        let forgets = self.has(Fault::ForgetsTicketsWithoutOwner);
        Ok(found.filter(|ticket| ticket.owner.is_some() || !forgets))
    }
}

#[async_trait]
impl IdentityStore for Faulty {
    async fn identity(
        &self,
        collection: &str,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Identity>, StoreError> {
        let found = self.store.identity(collection, issuer, subject).await?;
        let (issuer, subject) = match self.fault {
            Fault::FoldsCaseOfSubjects => (issuer.to_owned(), subject.to_lowercase()),
            Fault::FindsIdentitiesOfAnyIssuer => (
                String::from("https://accounts.example.com"),
                subject.to_owned(),
            ),
            _ => return Ok(found.map(|identity| self.bend_identity(identity))),
        };
        match found {
            Some(found) => Ok(Some(found)),
            None => self.store.identity(collection, &issuer, &subject).await,
        }
    }

    async fn identities(&self, owner: &UserRef) -> Result<Vec<Identity>, StoreError> {
        let found = self.store.identities(owner).await?.into_iter();
        let mut found: Vec<_> = found.map(|one| self.bend_identity(one)).collect();
        if self.has(Fault::ListsNewestIdentitiesFirst) {
            found.reverse();
        }
        Ok(found)
    }
}

#[async_trait]
impl SigningKeyStore for Faulty {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let mut keys = self.store.signing_keys().await?;
        if self.has(Fault::ListsNewestSigningKeysFirst) {
            keys.reverse();
        }
        Ok(keys)
    }
}

impl Faulty {
    fn bend_identity(&self, mut identity: Identity) -> Identity {
        if self.has(Fault::ForgetsUsesOfIdentities) {
            identity.last_used_at = None;
        }
        identity
    }
}
