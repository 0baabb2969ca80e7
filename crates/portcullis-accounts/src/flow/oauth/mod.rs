//! Logging in by providers: there, back, and into an account.

mod arrival;
mod begun;
mod browser;
mod callback;
mod code;
mod identities;
mod link;
mod owner;
mod refusals;
mod sign_up;
mod start;
mod take_over;
mod tokens;

use std::time::Duration;

pub(in crate::flow) use self::begun::Wanted;
pub use self::callback::OauthReturn;
pub use self::identities::IdentityInfo;
pub use self::start::{OauthStart, OauthStarted};

/// How long somebody may be at the provider (AC-A1).
const LIFE: Duration = Duration::from_secs(600);
