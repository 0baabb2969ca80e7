use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use redis::{RedisError, Value};
use tokio::sync::Notify;

use super::connection::Connection;
use crate::failure::Failure;

/// So many answers in a row that are late are taken for a connection that is dead, or a server that is.
const LATE_IN_A_ROW: u32 = 5;

/// A connection, and what is held against it.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) connection: Connection,
    pub(super) doubts: Arc<Doubts>,
}

/// Why a connection ought to be replaced.
#[derive(Default)]
pub(super) struct Doubts {
    late: AtomicU32,
    raised: Notify,
}

impl Line {
    /// Raises doubts where a result speaks against the connection.
    pub(super) fn judge(&self, result: &Result<Value, Failure>) {
        match result {
            Err(Failure::Late) => self.doubts.note_late(),
            Err(Failure::Refused(error)) if is_about_the_connection(error) => self.doubts.raise(),
            _ => self.doubts.note_in_time(),
        }
    }
}

impl Doubts {
    fn note_late(&self) {
        let late = self.late.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if late == LATE_IN_A_ROW {
            self.raise();
        }
    }

    /// Read first: most of the time nothing has been late, and nobody needs to write.
    fn note_in_time(&self) {
        if self.late.load(Ordering::Relaxed) > 0 {
            self.late.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn raise(&self) {
        self.raised.notify_one();
    }

    pub(super) async fn are_raised(&self) {
        self.raised.notified().await;
    }

    /// Whether the connection is there, and nothing comes back.
    pub(super) fn is_silent(&self) -> bool {
        self.late.load(Ordering::Relaxed) >= LATE_IN_A_ROW
    }
}

/// The connection is broken, or leads to a server that is not the master any more.
fn is_about_the_connection(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || matches!(error.code(), Some("READONLY" | "MASTERDOWN"))
}
