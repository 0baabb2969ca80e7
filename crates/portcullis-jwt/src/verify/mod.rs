//! Verifying tokens.

mod header;

pub(crate) use self::header::KnownHeader;
