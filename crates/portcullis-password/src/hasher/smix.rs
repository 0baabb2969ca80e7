//! scrypt (RFC 7914) as `$scrypt$ln=17,r=8,p=1$salt$hash`.

use scrypt::Params;
use zeroize::Zeroizing;

use super::algorithm::scrypt_memory;
use super::compare::same;
use super::phc::{self, Phc};
use crate::{Bounds, HashError, HashErrorKind};

pub(super) const OUTPUT_BYTES: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) log_n: u8,
    pub(crate) block_size: u32,
    pub(crate) parallelism: u32,
}

#[derive(Debug)]
pub(super) struct Stored {
    pub(super) cost: Cost,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Stored {
    pub(super) fn parse(body: &str, bounds: &Bounds) -> Result<Self, HashError> {
        let phc = Phc::parse(body, 1)
            .filter(|phc| phc.version.is_none())
            .ok_or_else(HashError::malformed)?;
        let fields =
            phc::fields(phc.parameters, ["ln", "r", "p"]).ok_or_else(HashError::malformed)?;
        let [Some(log_n), Some(block_size), Some(parallelism)] = fields else {
            return Err(HashError::malformed());
        };
        if !bounds.allow_scrypt(log_n, block_size, parallelism) {
            return Err(HashError::parameters_refused());
        }
        let log_n = u8::try_from(log_n).map_err(|_| HashError::parameters_refused())?;
        let cost = Cost {
            log_n,
            block_size,
            parallelism,
        };
        Ok(Self {
            cost,
            salt: phc.salt,
            output: phc.output,
        })
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, HashError> {
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        self.cost.derive(password, &self.salt, &mut output)?;
        Ok(same(&output, &self.output))
    }

    pub(super) fn is_current(&self, cost: Cost, salt_bytes: usize) -> bool {
        self.cost == cost && self.salt.len() >= salt_bytes && self.output.len() == OUTPUT_BYTES
    }
}

impl Cost {
    pub(super) fn hash(self, password: &[u8], salt: &[u8]) -> Result<String, HashError> {
        let mut output = Zeroizing::new([0; OUTPUT_BYTES]);
        self.derive(password, salt, output.as_mut())?;
        let Self {
            log_n,
            block_size,
            parallelism,
        } = self;
        let (salt, output) = (phc::encode(salt), phc::encode(output.as_ref()));
        Ok(format!(
            "$scrypt$ln={log_n},r={block_size},p={parallelism}${salt}${output}"
        ))
    }

    /// N above 1, as RFC 7914 §2 has it, and what the implementation can address.
    pub(crate) fn is_possible(self) -> bool {
        let product = self
            .block_size
            .checked_mul(self.parallelism)
            .is_some_and(|product| product < 1 << 30);
        self.log_n > 0
            && product
            && Params::new(self.log_n, self.block_size, self.parallelism).is_ok()
    }

    pub(crate) fn memory_bytes(self) -> usize {
        scrypt_memory(self.log_n, self.block_size)
    }

    pub(crate) fn derive(
        self,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashError> {
        if !self.is_possible() {
            return Err(HashError::malformed());
        }
        let params = Params::new(self.log_n, self.block_size, self.parallelism)
            .map_err(|_| HashError::malformed())?;
        scrypt::scrypt(password, salt, &params, output)
            .map_err(|_| HashError::new(HashErrorKind::Unavailable))
    }
}
