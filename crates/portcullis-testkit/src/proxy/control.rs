use std::time::Duration;

use super::Target;

/// What a proxy was told.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) target: Target,
    pub(super) way: Way,
    pub(super) to_server: Duration,
    pub(super) to_client: Duration,
    pub(super) bytes_per_second: Option<u32>,
    pub(super) cut_after: Option<usize>,
    /// How often all connections were cut.
    pub(super) cuts: u64,
    pub(super) is_over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    Silent,
    Closed,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

impl Control {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            way: Way::Open,
            to_server: Duration::ZERO,
            to_client: Duration::ZERO,
            bytes_per_second: None,
            cut_after: None,
            cuts: 0,
            is_over: false,
        }
    }

    pub(super) fn is_silent(&self) -> bool {
        self.way == Way::Silent
    }

    pub(super) fn delay(&self, direction: Direction) -> Duration {
        match direction {
            Direction::ToServer => self.to_server,
            Direction::ToClient => self.to_client,
        }
    }
}
