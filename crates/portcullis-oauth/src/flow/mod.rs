//! A login from its first step to its last, as the application sees it.

mod authorize;
mod callback;
mod pending;
mod tokens;

pub use self::authorize::{Authorization, Authorize};
pub(crate) use self::authorize::{is_parameter_name, is_reserved, is_scope};
pub use self::callback::Callback;
pub(crate) use self::callback::Outcome;
pub use self::pending::Pending;
pub(crate) use self::pending::{Begun, Journey};
pub use self::tokens::ProviderTokens;
pub(crate) use self::tokens::TokenFields;
