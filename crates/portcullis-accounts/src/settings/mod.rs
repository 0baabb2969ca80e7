//! What an application decides.

mod collection;
mod field;
mod limits;
mod profile;
mod urls;

pub use self::collection::Collection;
pub(crate) use self::field::Setter;
pub use self::field::{Field, FieldKind, boolean, integer, number, select, text};
pub use self::limits::Limits;
pub use self::profile::{ParentGrace, Profile};
pub use self::urls::Pages;
