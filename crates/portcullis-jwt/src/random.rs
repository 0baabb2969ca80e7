//! Randomness from the operating system.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::quality::{FoldHasher, SeedableRandomState};

/// Hashes with a key of its own, so that nobody outside can aim at a place of a table.
#[derive(Clone)]
pub(crate) struct RandomHash(SeedableRandomState);

/// The part of the key that all tables of this process share.
static SHARED: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(random()));

impl RandomHash {
    pub(crate) fn new() -> Self {
        Self(SeedableRandomState::with_seed(random(), &SHARED))
    }
}

/// From the operating system; where it has none now, from the standard library, which took its own from there earlier.
fn random() -> u64 {
    let mut seed = [0; 8];
    match getrandom::fill(&mut seed) {
        Ok(()) => u64::from_ne_bytes(seed),
        Err(_) => RandomState::new().hash_one(0),
    }
}

impl BuildHasher for RandomHash {
    type Hasher = FoldHasher<'static>;

    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}
