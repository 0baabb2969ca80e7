//! What the flows need of a database.
#![doc = include_str!("../../docs/stores.md")]

mod change;
mod contracts;
mod credentials;
mod error;
mod session_ends;
mod signing_keys;
mod update;
mod with_users;

pub use self::change::{Change, Committed};
pub use self::contracts::{
    AccountStore, AuditLog, FamilyStore, KeyStore, Ledger, LinkStore, Outbox, UserStore,
};
pub use self::credentials::{FactorStore, IdentityStore, TicketStore};
pub use self::error::{CommitError, Conflict, StoreError};
pub use self::session_ends::SessionEnds;
pub use self::signing_keys::SigningKeyStore;
pub use self::update::UserUpdate;
pub use self::with_users::{ForeignUsers, UserTransaction, WithUsers};
