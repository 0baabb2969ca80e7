//! Configuring a hasher.

use std::sync::Arc;

use super::cost::UsualCost;
use super::{Algorithm, Bounds, PasswordHasher, Settings, argon, smix};
use crate::import::Importer;
use crate::{ConfigError, Peppers};

/// Configures a [`PasswordHasher`].
#[derive(Debug)]
#[must_use]
pub struct PasswordHasherBuilder {
    algorithm: Algorithm,
    insecure: bool,
    bounds: Bounds,
    peppers: Option<Peppers>,
    importers: Vec<Box<dyn Importer>>,
}

impl PasswordHasherBuilder {
    pub(super) fn new() -> Self {
        Self {
            algorithm: Algorithm::default(),
            insecure: false,
            bounds: Bounds::default(),
            peppers: None,
            importers: Vec::new(),
        }
    }

    /// What new hashes are made with. Default [`Algorithm::ARGON2ID`]; must reach ASVS 5.0 appendix C.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        (self.algorithm, self.insecure) = (algorithm, false);
        self
    }

    /// The same, however weak the parameters are. For tests and for devices that cannot do more.
    pub fn with_insecure_algorithm(mut self, algorithm: Algorithm) -> Self {
        (self.algorithm, self.insecure) = (algorithm, true);
        self
    }

    /// What stored hashes may ask for.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Keys without which the hashes cannot be guessed.
    pub fn peppers(mut self, peppers: Peppers) -> Self {
        self.peppers = Some(peppers);
        self
    }

    /// Adds a foreign format.
    pub fn importer(mut self, importer: impl Importer) -> Self {
        self.importers.push(Box::new(importer));
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// When the algorithm cannot run with its parameters, is weaker than ASVS 5.0 appendix C without
    /// [`with_insecure_algorithm`](Self::with_insecure_algorithm), or is beyond the bounds, so that its own hashes would be
    /// refused.
    pub fn build(self) -> Result<PasswordHasher, ConfigError> {
        let name = self.algorithm.name();
        if !is_possible(self.algorithm) {
            return Err(ConfigError::new(format!(
                "{name} cannot run with these parameters"
            )));
        }
        if !self.insecure && !self.algorithm.is_strong() {
            return Err(ConfigError::new(format!(
                "{name} with these parameters is too weak for passwords"
            )));
        }
        if !is_within(self.algorithm, &self.bounds) {
            return Err(ConfigError::new(format!(
                "{name} with these parameters is beyond the bounds on stored hashes"
            )));
        }
        Ok(PasswordHasher(Arc::new(Settings {
            algorithm: self.algorithm,
            bounds: self.bounds,
            peppers: self.peppers,
            importers: self.importers,
            usual_cost: UsualCost::default(),
        })))
    }
}

fn is_possible(algorithm: Algorithm) -> bool {
    match algorithm {
        Algorithm::Argon2id {
            memory_kib,
            passes,
            lanes,
        } => argon::Cost {
            memory_kib,
            passes,
            lanes,
        }
        .is_possible(),
        Algorithm::Bcrypt { cost } => (4..=31).contains(&cost),
        Algorithm::Scrypt {
            log_n,
            block_size,
            parallelism,
        } => smix::Cost {
            log_n,
            block_size,
            parallelism,
        }
        .is_possible(),
    }
}

fn is_within(algorithm: Algorithm, bounds: &Bounds) -> bool {
    match algorithm {
        Algorithm::Argon2id {
            memory_kib,
            passes,
            lanes,
        } => {
            memory_kib <= bounds.argon2_memory_kib
                && passes <= bounds.argon2_passes
                && lanes <= bounds.argon2_lanes
        }
        Algorithm::Bcrypt { cost } => cost <= bounds.bcrypt_cost,
        Algorithm::Scrypt {
            log_n,
            block_size,
            parallelism,
        } => bounds.allow_scrypt(log_n.into(), block_size, parallelism),
    }
}
