//! What stands between the first factor and a session.

mod activate;
mod challenge;
mod code;
mod enrol;
mod own_login;

pub use self::activate::Activated;
pub use self::challenge::Challenge;
pub(super) use self::challenge::FirstFactor;
pub use self::enrol::Enrolment;
