//! Argon2id and Argon2i (RFC 9106), in memory that the caller keeps.

use argon2::{Algorithm as Variant, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::compare::same;
use super::phc::{self, Phc};
use super::scratch::Scratch;
use crate::{Bounds, HashError, HashErrorKind};

/// RFC 9106 §3.1 asks for 8 bytes or more.
const MIN_SALT_BYTES: usize = 8;
pub(super) const OUTPUT_BYTES: usize = 32;

#[derive(Debug)]
pub(super) struct Stored {
    variant: Variant,
    version: Version,
    pub(super) memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

/// What a hash of today's parameters is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl Stored {
    pub(super) fn parse(variant: Variant, body: &str, bounds: &Bounds) -> Result<Self, HashError> {
        let phc = Phc::parse(body, MIN_SALT_BYTES).ok_or_else(HashError::malformed)?;
        let version = version(phc.version).ok_or_else(HashError::malformed)?;
        let fields =
            phc::fields(phc.parameters, ["m", "t", "p"]).ok_or_else(HashError::malformed)?;
        let [Some(memory_kib), Some(passes), Some(lanes)] = fields else {
            return Err(HashError::malformed());
        };
        if memory_kib > bounds.argon2_memory_kib
            || passes > bounds.argon2_passes
            || lanes > bounds.argon2_lanes
        {
            return Err(HashError::parameters_refused());
        }
        Ok(Self {
            variant,
            version,
            memory_kib,
            passes,
            lanes,
            salt: phc.salt,
            output: phc.output,
        })
    }

    pub(super) fn verify(&self, scratch: &mut Scratch, password: &[u8]) -> Result<bool, HashError> {
        let cost = Cost {
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
        };
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        cost.fill(
            scratch,
            (self.variant, self.version),
            password,
            &self.salt,
            &mut output,
        )?;
        Ok(same(&output, &self.output))
    }

    pub(super) fn is_current(&self, cost: Cost, salt_bytes: usize) -> bool {
        self.variant == Variant::Argon2id
            && self.version == Version::V0x13
            && (self.memory_kib, self.passes, self.lanes)
                == (cost.memory_kib, cost.passes, cost.lanes)
            && self.salt.len() >= salt_bytes
            && self.output.len() == OUTPUT_BYTES
    }
}

impl Cost {
    pub(super) fn hash(
        self,
        scratch: &mut Scratch,
        password: &[u8],
        salt: &[u8],
    ) -> Result<String, HashError> {
        let mut output = Zeroizing::new([0; OUTPUT_BYTES]);
        self.fill(
            scratch,
            (Variant::Argon2id, Version::V0x13),
            password,
            salt,
            output.as_mut(),
        )?;
        let Self {
            memory_kib,
            passes,
            lanes,
        } = self;
        let (salt, output) = (phc::encode(salt), phc::encode(output.as_ref()));
        Ok(format!(
            "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${output}"
        ))
    }

    pub(super) fn is_possible(self) -> bool {
        self.lanes
            .checked_mul(8)
            .is_some_and(|least| self.memory_kib >= least)
            && Params::new(self.memory_kib, self.passes, self.lanes, None).is_ok()
    }

    fn fill(
        self,
        scratch: &mut Scratch,
        (variant, version): (Variant, Version),
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashError> {
        if !self.is_possible() {
            return Err(HashError::malformed());
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(output.len()))
            .map_err(|_| HashError::malformed())?;
        let blocks = params.block_count();
        let argon = Argon2::new(variant, version, params);
        scratch
            .with_blocks(blocks, |blocks| {
                argon.hash_password_into_with_memory(password, salt, output, blocks)
            })?
            .map_err(|_| HashError::new(HashErrorKind::Unavailable))
    }
}

/// A string without a version is of the first one (the format before argon2 1.3 had none).
fn version(number: Option<u32>) -> Option<Version> {
    match number {
        None | Some(0x10) => Some(Version::V0x10),
        Some(0x13) => Some(Version::V0x13),
        Some(_) => None,
    }
}
