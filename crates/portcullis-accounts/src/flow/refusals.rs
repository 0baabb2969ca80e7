//! Refusals that several flows give.

use http::StatusCode;
use portcullis_core::Denial;

use crate::store::{CommitError, Conflict};

/// 404 `not_found`: not there, of another owner, of another collection, no id at all: all alike.
pub(crate) fn not_found() -> Denial {
    Denial::new(StatusCode::NOT_FOUND, "not_found").with_detail("there is nothing here")
}

/// 422 `invalid_field` for one member.
pub(crate) fn invalid_field(name: &'static str, fault: &'static str) -> Denial {
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field")
        .with_detail("some members of the request are not accepted")
        .with_field(name, fault)
}

/// 409 `last_admin` (AC-B8).
pub(super) fn last_admin() -> Denial {
    Denial::new(StatusCode::CONFLICT, "last_admin")
        .with_detail("nobody would be left to administer this collection")
}

/// What stood in the way of a change of somebody's account.
pub(super) fn refused(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::RoleUnheld) => last_admin(),
        _ => error.into(),
    }
}
