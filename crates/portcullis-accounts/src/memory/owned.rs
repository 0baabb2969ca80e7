use super::table::{Journal, Table};
use crate::model::{Family, Identity, KeyRow, Link, RecordId, UserRef};

/// Below and above every id.
const LOWEST: RecordId = RecordId::from_bytes([0; 16]);
const HIGHEST: RecordId = RecordId::from_bytes([0xff; 16]);

/// What a user has several of.
pub(super) trait Row: Clone {
    fn id(&self) -> RecordId;

    fn owner(&self) -> &UserRef;
}

macro_rules! rows {
    ($($row:ty),+) => {
        $(impl Row for $row {
            fn id(&self) -> RecordId {
                self.id
            }

            fn owner(&self) -> &UserRef {
                &self.owner
            }
        })+
    };
}

rows!(Family, Identity, Link, KeyRow);

/// Rows by their id, and by their owner.
#[derive(Debug)]
pub(super) struct Owned<R> {
    rows: Table<RecordId, R>,
    by_owner: Table<(UserRef, RecordId), ()>,
}

impl<R> Default for Owned<R> {
    fn default() -> Self {
        Self {
            rows: Table::default(),
            by_owner: Table::default(),
        }
    }
}

impl<R: Row> Owned<R> {
    pub(super) fn get(&self, id: &RecordId) -> Option<&R> {
        self.rows.get(id)
    }

    /// The row, if it is this owner's.
    pub(super) fn of_owner(&self, owner: &UserRef, id: &RecordId) -> Option<&R> {
        self.get(id).filter(|row| row.owner() == owner)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &R> {
        self.rows.rows().values()
    }

    /// All rows of an owner, in the order of their ids.
    pub(super) fn all_of(&self, owner: &UserRef) -> impl DoubleEndedIterator<Item = &R> {
        let ids = (owner.clone(), LOWEST)..=(owner.clone(), HIGHEST);
        let found = self.by_owner.rows().range(ids);
        found.filter_map(|((_, id), ())| self.get(id))
    }

    /// The ids of those rows of an owner.
    pub(super) fn ids_of(&self, owner: &UserRef, wanted: impl Fn(&R) -> bool) -> Vec<RecordId> {
        let rows = self.all_of(owner).filter(|row| wanted(row));
        rows.map(Row::id).collect()
    }

    /// A new row, or a new version of one.
    pub(super) fn put(&mut self, row: R) {
        self.by_owner.put((row.owner().clone(), row.id()), ());
        self.rows.put(row.id(), row);
    }

    pub(super) fn remove(&mut self, id: &RecordId) {
        if let Some(row) = self.rows.get(id) {
            self.by_owner.remove(&(row.owner().clone(), *id));
            self.rows.remove(id);
        }
    }
}

impl<R> Journal for Owned<R> {
    fn keep(&mut self) {
        self.rows.keep();
        self.by_owner.keep();
    }

    fn roll_back(&mut self) {
        self.rows.roll_back();
        self.by_owner.roll_back();
    }
}
