use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::model::{Factor, Identity, RecordId, Ticket, UserRef};

/// Finds second factors.
#[async_trait]
pub trait FactorStore: Debug + Send + Sync + 'static {
    /// The factor of a user, active or not.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn factor(&self, owner: &UserRef) -> Result<Option<Factor>, StoreError>;

    /// How many recovery codes a user has left.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn recovery_codes_left(&self, owner: &UserRef) -> Result<u32, StoreError>;
}

/// Finds what is half done.
#[async_trait]
pub trait TicketStore: Debug + Send + Sync + 'static {
    /// The ticket with this id, past its end or not, if it was not used. Reading uses nothing up: see
    /// [`Change::TakeTicket`](super::Change::TakeTicket).
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn ticket(&self, id: RecordId) -> Result<Option<Ticket>, StoreError>;
}

/// Finds who users are at providers.
#[async_trait]
pub trait IdentityStore: Debug + Send + Sync + 'static {
    /// The identity of this issuer and subject in this collection, both compared byte by byte.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn identity(
        &self,
        collection: &str,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Identity>, StoreError>;

    /// The identities of a user, the oldest first: by `created_at`, then id.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn identities(&self, owner: &UserRef) -> Result<Vec<Identity>, StoreError>;
}
