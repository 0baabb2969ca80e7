//! Whatever is done, in whatever order: what was revoked does not work, and what was not does.

#[path = "../common/browser.rs"]
mod browser;
#[path = "../common/mod.rs"]
mod common;

mod begun;
mod ended;
mod step;
mod taken;
mod world;

use std::time::Duration;

use proptest::prelude::*;

use crate::step::steps;
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);

proptest! {
    /// AC-R1, AC-R6, AC-S1, AC-S2, AC-J9: no sequence of steps reaches a state in which what was revoked works.
    #[test]
    fn what_was_revoked_never_works(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.step(step).await;
                world.check().await;
            }
            world.check_lives().await;
            world.harness.wait(MINUTE);
        });
    }
}
