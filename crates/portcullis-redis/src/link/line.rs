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
        let late = &self.doubts.late;
        match result {
            Err(Failure::Late) => {
                if late.fetch_add(1, Ordering::Relaxed) + 1 == LATE_IN_A_ROW {
                    self.doubts.raise();
                }
            }
            Err(Failure::Refused(error)) if is_about_the_connection(error) => self.doubts.raise(),
            _ if late.load(Ordering::Relaxed) > 0 => late.store(0, Ordering::Relaxed),
            _ => {}
        }
    }
}

impl Doubts {
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
