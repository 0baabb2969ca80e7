//! What an application decides.

mod collection;
mod field;
mod limits;
#[cfg(feature = "oauth")]
mod oauth;
mod offered;
mod profile;
mod urls;

pub use self::collection::Collection;
pub(crate) use self::field::Setter;
pub use self::field::{Field, FieldKind, boolean, integer, number, select, text};
pub use self::limits::Limits;
#[cfg(feature = "oauth")]
pub use self::oauth::Linking;
#[cfg(feature = "oauth")]
pub(crate) use self::oauth::{Oauth, OauthSettings, SignUpProfile, with_parameter};
pub(crate) use self::offered::Offered;
pub use self::profile::{ParentGrace, Profile};
pub use self::urls::Pages;
