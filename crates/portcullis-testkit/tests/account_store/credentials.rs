//! Reading second factors, tickets and identities, with faults.

use async_trait::async_trait;
use portcullis_accounts::store::{FactorStore, IdentityStore, StoreError, TicketStore};
use portcullis_accounts::{Factor, Identity, RecordId, Ticket, UserRef};

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
        self.store.ticket(id).await
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
        self.store.identity(collection, issuer, subject).await
    }

    async fn identities(&self, owner: &UserRef) -> Result<Vec<Identity>, StoreError> {
        self.store.identities(owner).await
    }
}
