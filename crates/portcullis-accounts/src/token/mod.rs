//! Tokens that are no JWTs: opaque to everybody else.

mod link;
mod refresh;

pub(crate) use self::link::LinkToken;
pub(crate) use self::refresh::RefreshToken;
