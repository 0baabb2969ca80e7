//! What stands at the top of the page.

use portcullis_benches::{Machine, Settings, version_of};

const LOCK: &str = include_str!("../../../Cargo.lock");

const PEERS: [&str; 7] = [
    "jwt-authorizer",
    "jsonwebtoken",
    "tower_governor",
    "governor",
    "tower-sessions",
    "axum-login",
    "tower-http",
];

pub(crate) fn head(settings: &Settings) -> String {
    let peers: Vec<_> = PEERS
        .iter()
        .map(|peer| format!("{peer} {}", version_of(LOCK, peer)))
        .collect();
    let rounds = settings.rounds;
    let machine = Machine::this();
    let peers = peers.join(", ");
    format!(
        "\
# Benchmarks

Written by `cargo bench -p portcullis-benches --bench peers -- --write docs/benchmarks.md`; not edited by hand.

- Machine: {machine}.
- Peers: {peers}.
- Release build, thin LTO, one codegen unit. In process, one request at a time on a current-thread runtime, through the tower
  service. All cases take turns in one process; a figure is the median of {rounds} rounds. Requests are built before the clock
  starts. Allocations are counted in a run of their own.
- Read the ratios: absolute times move from machine to machine, and with what else the machine does.
- *alloc* is allocations per request. A target that was missed says by how much.
"
    )
}
