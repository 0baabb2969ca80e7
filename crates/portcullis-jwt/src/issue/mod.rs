//! Issuing tokens.

mod error;
mod grant;
mod issuer;
mod token;

pub use self::error::{IssueError, IssueErrorKind};
pub use self::grant::Grant;
pub use self::issuer::{Issuer, TokenType};
pub use self::token::IssuedToken;
