//! What the stores keep, and the flows work with.

mod audit;
mod email;
mod event_json;
mod factor;
mod family;
mod id;
mod identity;
mod key;
mod link;
mod mail;
mod signing_key;
mod ticket;
mod user;

pub use self::audit::{AuditEvent, AuditKind, AuditQuery, Outcome};
pub use self::email::{EmailAddress, InvalidEmail};
pub use self::factor::Factor;
pub use self::family::Family;
pub use self::id::{InvalidId, RecordId, UserRef};
pub use self::identity::Identity;
pub use self::key::KeyRow;
pub use self::link::{Link, LinkPurpose};
pub use self::mail::{Delivery, QueuedMail};
pub use self::signing_key::StoredKey;
pub use self::ticket::{Ticket, TicketPurpose};
pub use self::user::{ProfileData, StoredPassword, User, UserQuery};
