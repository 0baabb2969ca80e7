//! API keys: made, listed, taken back, replaced.

mod create;
mod manage;
mod rotate;
mod view;

pub use self::create::NewKey;
pub use self::view::{CreatedKey, KeyInfo};
