//! Lowering the calling thread's priority.

/// Whether this thread now runs at this nice value.
///
/// On Linux the nice value belongs to the thread (setpriority(2), "C library/kernel differences"); elsewhere it belongs to
/// the process, and so nothing is done.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn lower(nice: i32) -> bool {
    rustix::process::setpriority_process(None, nice).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn lower(_nice: i32) -> bool {
    false
}
