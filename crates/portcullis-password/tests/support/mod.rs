//! What several of these tests need.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::{Arc, Condvar, Mutex};

use portcullis_password::{
    Algorithm, Bounds, HashError, Importer, Password, PasswordHasher, PasswordHasherBuilder,
};

/// The least that argon2 can do: for tests where the cost is not the point.
pub(crate) const CHEAP: Algorithm = argon2id(64, 1);

pub(crate) const fn argon2id(memory_kib: u32, passes: u32) -> Algorithm {
    Algorithm::Argon2id {
        memory_kib,
        passes,
        lanes: 1,
    }
}

pub(crate) fn cheap() -> PasswordHasherBuilder {
    PasswordHasher::builder().with_insecure_algorithm(CHEAP)
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text).expect("a password of ordinary length")
}

/// An importer whose verifications wait until the gate opens, and which counts them.
///
/// It reads `{gate}secret`, and `{gate+}secret` as a hash that needs a great deal of memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<Visits>, Condvar)>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Visits {
    pub(crate) open: bool,
    pub(crate) begun: usize,
    pub(crate) inside: usize,
    pub(crate) most_inside: usize,
    pub(crate) most_great_inside: usize,
    great_inside: usize,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    pub(crate) fn visits(&self) -> Visits {
        *self.0.0.lock().unwrap()
    }

    /// Blocks until so many verifications have begun.
    pub(crate) fn wait_for(&self, begun: usize) {
        drop(
            self.0
                .1
                .wait_while(self.0.0.lock().unwrap(), |visits| visits.begun < begun)
                .unwrap(),
        );
    }

    fn enter(&self, great: bool) {
        let mut visits = self.0.0.lock().unwrap();
        visits.begun += 1;
        visits.inside += 1;
        visits.great_inside += usize::from(great);
        visits.most_inside = visits.most_inside.max(visits.inside);
        visits.most_great_inside = visits.most_great_inside.max(visits.great_inside);
        self.0.1.notify_all();
        visits = self.0.1.wait_while(visits, |visits| !visits.open).unwrap();
        visits.inside -= 1;
        visits.great_inside -= usize::from(great);
    }
}

impl Importer for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn recognises(&self, stored: &str) -> bool {
        stored.starts_with("{gate")
    }

    fn memory_bytes(&self, stored: &str) -> usize {
        if stored.starts_with("{gate+}") {
            1 << 30
        } else {
            0
        }
    }

    fn verify(&self, password: &str, stored: &str, _: &Bounds) -> Result<bool, HashError> {
        self.enter(stored.starts_with("{gate+}"));
        let (_, secret) = stored.split_once('}').ok_or_else(HashError::malformed)?;
        Ok(secret == password)
    }
}
