//! When to end.

use std::future::Future;
use std::io::Result;

/// Waits for SIGINT or SIGTERM. Both are caught from this call on, and not only once it is awaited.
#[cfg(unix)]
pub(crate) fn to_stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn to_stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        // Without a handler, Ctrl-C ends the process by itself.
        let _ = tokio::signal::ctrl_c().await;
    })
}
