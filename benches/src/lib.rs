//! What the benches share: cases that run side by side in one process, and the page that is written from what came out.
//!
//! A [`Race`] holds [`Case`]s. Each round runs every case once, so that a machine that grows warm or busy disturbs all of them
//! alike; what counts is the median of the rounds. A case is one [`Lane`], or one per thread. Requests are built before the
//! clock starts, in small batches; building and dropping them is everybody's cost and says nothing of a layer, so only
//! dropping, which a layer cannot leave to others, is timed.

mod case;
mod lane;
mod latency;
mod machine;
mod race;
mod report;
mod section;
mod settings;

pub use self::case::Case;
pub use self::lane::{Answer, Lane};
pub use self::latency::Latencies;
pub use self::machine::{Machine, version_of};
pub use self::race::{Measured, Outcome, Race};
pub use self::report::{Limit, Page, Row, Section, allocations, nanos, times};
pub use self::section::{section, with_section};
pub use self::settings::Settings;
