use std::fmt::Write as _;

use super::qr::Modules;

/// A white square, and on it one path with a rectangle for each run of dark modules.
pub(super) fn draw(modules: &Modules) -> String {
    let side = modules.side();
    let mut path = String::new();
    for row in 0..side {
        for (start, length) in dark_runs(modules, row) {
            // Writing into a string cannot fail.
            let _ = write!(path, "M{start} {row}h{length}v1h-{length}z");
        }
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>"##
    )
}

/// Where dark modules begin in a row, and how many stand side by side.
fn dark_runs(modules: &Modules, row: usize) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for column in (0..modules.side()).filter(|column| modules.is_dark(*column, row)) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == column => *length += 1,
            _ => runs.push((column, 1)),
        }
    }
    runs
}
