use std::collections::HashMap;

use super::limits::NODES;

/// Which message of which node comes next.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    next: HashMap<Box<str>, u64>,
}

impl Ledger {
    /// Notes the message, and says whether one before it is missing.
    ///
    /// Who is not known has either just begun to speak, with 0, or has spoken before we listened: what was said then is missing, and
    /// the store has been asked for it since; it is asked once more.
    pub(super) fn misses_before(&mut self, node: &str, number: u64) -> bool {
        let after = number.saturating_add(1);
        if let Some(next) = self.next.get_mut(node) {
            let is_missing = number > *next;
            *next = after.max(*next);
            return is_missing;
        }
        if self.next.len() >= NODES {
            self.next.clear();
        }
        self.next.insert(node.into(), after);
        number > 0
    }

    /// Whatever comes next is not taken for a loss of what was said while nobody listened here.
    pub(super) fn begin_anew(&mut self) {
        self.next.clear();
    }
}
