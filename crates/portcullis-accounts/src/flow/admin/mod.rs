//! What administrators do with the accounts of their collection, and what the application does.

mod actor;
mod amend;
mod application;
mod audit;
mod ban;
mod delete;
mod list;
mod new_user;
mod roles;
mod sessions;
mod update;

pub(super) use self::actor::Actor;
pub(super) use self::amend::{Plan, user_id};
pub use self::application::Application;
pub use self::audit::{AuditPage, AuditRequest};
pub use self::list::{ListUsers, UserPage};
pub use self::new_user::NewUser;
pub use self::update::AdminUpdate;
