//! API keys: AC-K1 … AC-K9, as far as they concern accounts.

#[path = "../common/mod.rs"]
mod common;
#[path = "../people/mod.rs"]
mod people;

mod ended;
mod made;
mod used;

use std::time::Duration;

use portcullis_accounts::{AccountsBuilder, Collection};

use crate::common::{Harness, harness_with};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn open() -> Harness {
    harness_with(Collection::new(), AccountsBuilder::with_insecure_no_limits)
}
