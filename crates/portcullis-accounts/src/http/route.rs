//! What a row of the table says. The service enforces it, and the OpenAPI document tells it: a guard can be forgotten in neither.

use std::future::Future;
use std::pin::Pin;

use http::Method;
use portcullis_core::{AuthUser, Denial};
use portcullis_limit::Quota;

use super::answer::Answer;
use super::members::Members;
use crate::Accounts;
use crate::settings::Limits;
use crate::users::Users;

/// One endpoint.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Segments; `:c` is a collection, `:id` an id.
    pub(crate) path: &'static [&'static str],
    /// The name of the operation, as in `login`.
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) who: Who,
    /// What is counted by the client's address before the body is read (AC-T9).
    pub(crate) limit: Option<fn(&Limits) -> &Quota>,
    pub(crate) query: &'static [Member],
    pub(crate) body: Option<Body>,
    pub(crate) success: (u16, Shape),
    /// Status and codes, besides those that follow from the rest of the row.
    pub(crate) refusals: &'static [(u16, &'static [&'static str])],
    pub(crate) run: Handler,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Anyone. A credential that comes along and is broken is not looked at.
    Anyone,
    /// A user of the collection.
    User(By),
    /// A user of the collection with this permission.
    Permitted(&'static str),
    /// The same, but not by an API key, and proved within the last ten minutes.
    FreshPermitted(&'static str),
}

/// By which credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Any.
    Any,
    /// Any but an API key, which is refused with 403 `key_not_allowed`.
    NotKey,
    /// Not an API key either, unless it has the scope `admin` and the settings let it.
    NotKeyUnlessAdmin,
    /// Not an API key, and proved within the last ten minutes.
    Fresh,
}

/// The JSON body of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    pub(crate) members: &'static [Member],
    /// Whether the collection's own fields may stand beside the members.
    pub(crate) profile: Fields,
    /// Whether it may be left out.
    pub(crate) optional: bool,
}

/// Which of the collection's own fields a body may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fields {
    /// None.
    None,
    /// Those of a new account.
    New,
    /// Those of an account that is there.
    Patch,
    /// The same, those that only administrators may set included.
    AdminPatch,
}

/// One member of a body or of a query string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// Whether null says the same as leaving it out.
    pub(crate) nullable: bool,
}

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// Text that never stands in an example, and is shown as dots.
    Secret,
    Email,
    Boolean,
    Integer {
        min: i64,
        max: i64,
    },
    Time,
    OneOf(&'static [&'static str]),
    Texts,
    /// Whatever else there is: the handler reads the query string itself.
    #[cfg_attr(
        not(feature = "oauth"),
        expect(dead_code, reason = "callbacks of providers")
    )]
    Further,
}

/// What an answer holds: the name of a schema in the OpenAPI document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Nothing,
    Schema(&'static str),
    /// Nothing, and the browser goes elsewhere.
    Redirect,
}

/// What a handler is given.
pub(crate) struct Call {
    pub(crate) accounts: Accounts,
    /// The users of the collection in the path, for whoever calls from where.
    pub(crate) users: Option<Users>,
    pub(crate) caller: Option<AuthUser>,
    pub(crate) id: String,
    pub(crate) members: Members,
    pub(crate) query: Members,
    /// The query string as it stands.
    #[cfg_attr(
        not(feature = "oauth"),
        expect(dead_code, reason = "callbacks of providers")
    )]
    pub(crate) raw_query: String,
}

impl Call {
    /// The users of the collection in the path.
    pub(crate) fn users(&self) -> Result<&Users, Denial> {
        self.users.as_ref().ok_or_else(super::path::not_found)
    }

    /// Whoever calls.
    pub(crate) fn caller(&self) -> Result<&AuthUser, Denial> {
        self.caller.as_ref().ok_or_else(Denial::unauthenticated)
    }
}

/// Runs a row of the table.
pub(crate) type Handler = fn(Call) -> Answering;

/// An answer that is being made.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Answer, Denial>> + Send>>;

impl Member {
    pub(crate) const fn required(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            required: true,
            nullable: false,
        }
    }

    pub(crate) const fn optional(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            required: false,
            nullable: false,
        }
    }

    /// Whether it stands for all that the handler reads itself.
    pub(crate) fn is_further(&self) -> bool {
        matches!(self.kind, Kind::Further)
    }

    pub(crate) const fn nullable(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            required: false,
            nullable: true,
        }
    }
}

impl Body {
    /// A body of these members and no others.
    pub(crate) const fn of(members: &'static [Member]) -> Self {
        Self {
            members,
            profile: Fields::None,
            optional: false,
        }
    }

    /// The same, which may be left out.
    pub(crate) const fn maybe(members: &'static [Member]) -> Self {
        Self {
            members,
            profile: Fields::None,
            optional: true,
        }
    }

    pub(crate) const fn with(members: &'static [Member], profile: Fields) -> Self {
        Self {
            members,
            profile,
            optional: false,
        }
    }
}
