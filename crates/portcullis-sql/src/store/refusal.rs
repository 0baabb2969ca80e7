use portcullis_accounts::store::Conflict;

use crate::database::Failure;

/// Why a change was not made.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Something stands in the way.
    Conflict(Conflict),
    /// The database did not answer, or not with what it should.
    Failure(Failure),
}

impl From<Conflict> for Refusal {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// A change that is not of a kind that is known here.
pub(super) fn unknown() -> Refusal {
    Failure::refused("this version of portcullis-sql does not know such a change").into()
}

/// What a change that concerned no row has run into.
pub(super) fn some_or(rows: u64, conflict: Conflict) -> Result<(), Refusal> {
    match rows {
        0 => Err(conflict.into()),
        _ => Ok(()),
    }
}

/// A row that belongs to a user who is not there.
pub(super) fn of_owner<T>(inserted: Result<T, Failure>) -> Result<T, Refusal> {
    inserted.map_err(|failure| match failure.is_orphan() {
        true => Conflict::NotFound.into(),
        false => failure.into(),
    })
}
