//! When to end.

use std::future::Future;
use std::io::Result;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C, or for whoever says it by SIGTERM. Both are caught from this call on.
pub(crate) fn to_stop() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
