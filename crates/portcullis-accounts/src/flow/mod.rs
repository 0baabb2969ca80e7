//! What can be done with accounts: one flow a file, each a method of [`Users`](crate::Users).

mod admin;
mod api_keys;
mod asked;
mod attempt;
mod change_email;
mod change_password;
mod ending;
mod issue;
mod link;
mod lock;
mod login;
mod logout;
mod me;
#[cfg(feature = "oauth")]
mod oauth;
mod password;
mod reauthenticate;
mod refresh;
mod refusals;
mod register;
mod reset_password;
mod rights;
mod second_factor;
mod sessions;
mod ticket;
mod unlock;
mod verify_email;

pub use self::admin::{
    AdminUpdate, Application, AuditPage, AuditRequest, ListUsers, NewUser, UserPage,
};
pub use self::api_keys::{CreatedKey, KeyInfo, NewKey};
pub use self::change_password::ChangePassword;
pub use self::issue::{Credentials, Session, Tokens};
pub use self::login::{LoggedIn, Login};
pub use self::logout::{LoggedOut, Logout};
pub use self::me::Me;
#[cfg(feature = "oauth")]
pub use self::oauth::{IdentityInfo, OauthReturn, OauthStart, OauthStarted};
pub use self::reauthenticate::{Proof, Reauthenticated};
pub(crate) use self::refusals::invalid_field;
pub(crate) use self::register::new_stamp;
pub use self::register::{Register, Registered};
pub(crate) use self::second_factor::texts;
pub use self::second_factor::{
    Activated, Challenge, EnrolledLogin, Enrolment, FinishLogin, SecondFactor, SecondFactorStatus,
};
pub use self::sessions::SessionInfo;
