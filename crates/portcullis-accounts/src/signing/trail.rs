use std::sync::Arc;

use portcullis_core::{Client, Timestamp};

use super::SigningKeysError;
use crate::audit::{Entry, EventSink};
use crate::ledger;
use crate::model::AuditKind;
use crate::networks::Networks;
use crate::origin::Origin;
use crate::store::Change;

/// Where it is written down that keys came and went: in the trail of each collection, since they sign for all of them.
pub(crate) struct Trail {
    pub(crate) collections: Vec<String>,
    pub(crate) sinks: Vec<Arc<dyn EventSink>>,
}

impl Trail {
    pub(super) fn entries(
        &self,
        kind: AuditKind,
        reason: &'static str,
        kid: &str,
        at: Timestamp,
    ) -> Result<Vec<Change>, SigningKeysError> {
        let entry = Entry::success(kind).reason(reason).detail(kid);
        let nobody = Origin::new(Client::Unresolvable);
        let entries = self.collections.iter().map(|collection| {
            let entry = entry.clone();
            entry.into_change(collection, &nobody, at, Networks::default())
        });
        entries
            .collect::<Result<_, _>>()
            .map_err(|_| SigningKeysError::unmade())
    }

    /// Tells those who listen of what was committed.
    pub(super) fn tell(&self, changes: &[Change]) {
        for change in changes {
            if let Change::Audit(event) = change {
                ledger::tell(&self.sinks, event);
            }
        }
    }
}
