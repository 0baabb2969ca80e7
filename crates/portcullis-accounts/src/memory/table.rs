use std::collections::BTreeMap;

/// An ordered map that remembers how to undo what was done to it since it was last kept. So a commit costs as much as it
/// changes, however much there is.
#[derive(Debug)]
pub(super) struct Table<Key, Row> {
    rows: BTreeMap<Key, Row>,
    /// What stood in each place before, the latest last.
    undo: Vec<(Key, Option<Row>)>,
}

impl<Key, Row> Default for Table<Key, Row> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            undo: Vec::new(),
        }
    }
}

impl<Key: Ord + Clone, Row> Table<Key, Row> {
    pub(super) fn rows(&self) -> &BTreeMap<Key, Row> {
        &self.rows
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Row> {
        self.rows.get(key)
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.rows.contains_key(key)
    }

    pub(super) fn put(&mut self, key: Key, row: Row) {
        let before = self.rows.insert(key.clone(), row);
        self.undo.push((key, before));
    }

    pub(super) fn remove(&mut self, key: &Key) {
        if let Some((key, row)) = self.rows.remove_entry(key) {
            self.undo.push((key, Some(row)));
        }
    }
}

/// Either way, nothing can be undone afterwards.
pub(super) trait Journal {
    fn keep(&mut self);

    fn roll_back(&mut self);
}

impl<Key: Ord, Row> Journal for Table<Key, Row> {
    fn keep(&mut self) {
        self.undo.clear();
    }

    fn roll_back(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(row) => self.rows.insert(key, row),
                None => self.rows.remove(&key),
            };
        }
    }
}
