//! Tokens that are no JWTs: opaque to everybody else.

mod device;
mod link;
mod refresh;
mod ticket;

pub(crate) use self::device::{DeviceToken, KNOWN_FOR};
pub(crate) use self::link::LinkToken;
pub(crate) use self::refresh::{Presented, RefreshToken};
pub(crate) use self::ticket::TicketToken;
