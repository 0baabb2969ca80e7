//! Ports of the loopback interface that the system chooses, for servers that cannot be told to have one chosen.

use std::net::TcpListener;

/// Between the moment in which a port is found free and the one in which a server listens on it, others may take it: so often other
/// ports are tried.
const TRIES: u32 = 20;

/// Somebody else was quicker.
#[derive(Debug)]
pub(super) struct Taken;

/// Starts something on as many ports that nobody listens on; on others, where one was taken meanwhile.
pub(super) fn start_on<T>(count: usize, start: impl Fn(&[u16]) -> Result<T, Taken>) -> T {
    let started = (0..TRIES).find_map(|_| start(&free_ports(count)).ok());
    started.expect("of all ports, some stay free for a moment")
}

/// Ports that nobody listens on now.
fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<_> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a port is free"))
        .collect();
    listeners
        .iter()
        .map(|listener| listener.local_addr().expect("it is bound").port())
        .collect()
}
