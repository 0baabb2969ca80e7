//! The bearer scheme (RFC 6750).

mod refusal;
mod scheme;

pub use self::scheme::Bearer;
