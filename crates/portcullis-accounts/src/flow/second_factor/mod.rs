//! What stands between the first factor and a session.

mod activate;
mod challenge;
mod code;
mod disable;
mod enrol;
mod enrol_at_login;
mod finish;
mod own_login;
mod recovery_codes;
mod trusted;

pub use self::activate::Activated;
pub(crate) use self::activate::texts;
pub use self::challenge::Challenge;
pub(super) use self::challenge::FirstFactor;
pub use self::code::SecondFactor;
pub use self::enrol::Enrolment;
pub use self::enrol_at_login::EnrolledLogin;
pub use self::finish::FinishLogin;
pub(super) use self::own_login::{Own, with_factor};
pub use self::recovery_codes::SecondFactorStatus;
