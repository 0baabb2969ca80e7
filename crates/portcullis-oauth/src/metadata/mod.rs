//! Where a provider's endpoints are, and how it is spoken to.

mod cache;
mod document;
mod source;

pub(crate) use self::cache::Discovery;
pub(crate) use self::document::{Origin, Trust};
pub(crate) use self::source::{Metadata, Source};
