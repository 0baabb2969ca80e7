//! What can be done with accounts: one flow a file, each a method of [`Users`](crate::Users).

mod attempt;
mod issue;
mod link;
mod login;
mod password;
mod register;

pub use self::issue::{Credentials, Session, Tokens};
pub use self::login::{LoggedIn, Login};
pub use self::register::{Register, Registered};
