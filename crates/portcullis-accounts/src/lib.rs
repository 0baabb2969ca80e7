//! The account system of Portcullis: register, verify, log in, refresh, change, reset, keys, sessions, administration.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod memory;
mod model;
pub mod store;

pub use self::memory::MemoryStore;
pub use self::model::{
    AuditEvent, AuditKind, AuditQuery, Delivery, EmailAddress, Family, InvalidEmail, InvalidId,
    KeyRow, Link, LinkPurpose, Outcome, ProfileData, QueuedMail, RecordId, StoredPassword, User,
    UserQuery, UserRef,
};
