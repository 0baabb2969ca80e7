//! Where a page of ids begins and ends: inclusive, so that no end needs a statement of its own.

use portcullis_accounts::RecordId;

/// The first id above this one, or of all; `None` if there is none.
pub(super) fn first_after(id: Option<RecordId>) -> Option<RecordId> {
    match id {
        None => Some(of_number(0)),
        Some(id) => number(id).checked_add(1).map(of_number),
    }
}

/// The last id below this one, or of all; `None` if there is none.
pub(super) fn last_before(id: Option<RecordId>) -> Option<RecordId> {
    match id {
        None => Some(of_number(u128::MAX)),
        Some(id) => number(id).checked_sub(1).map(of_number),
    }
}

fn number(id: RecordId) -> u128 {
    u128::from_be_bytes(*id.as_bytes())
}

fn of_number(number: u128) -> RecordId {
    RecordId::from_bytes(number.to_be_bytes())
}
