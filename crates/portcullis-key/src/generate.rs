//! Keys out of the operating system's randomness.

use std::fmt;

use zeroize::Zeroizing;

use crate::digest::hex_digits;
use crate::format::{ALPHABET, CHECKSUM_LENGTH, CLASSIC_LENGTH, SECRET_LENGTH, checksum};
use crate::key_id::KEY_ID_LENGTH;
use crate::{KeyFormat, KeyPrefix};

/// The largest multiple of 62 that fits a byte: bytes from here on are thrown away, for they would make the first eight
/// characters of the alphabet likelier than the others.
const FAIR: u8 = 62 * 4;

/// The text of a new key, in a buffer that never grows, so that no copy of it is left behind.
pub(crate) fn generate(
    format: KeyFormat,
    prefix: &KeyPrefix,
) -> Result<Zeroizing<String>, RandomnessUnavailable> {
    let mut text = Zeroizing::new(String::with_capacity(
        prefix.as_str().len() + 1 + CLASSIC_LENGTH,
    ));
    text.push_str(prefix.as_str());
    text.push('_');
    match format {
        KeyFormat::Classic => push_hex(&mut text)?,
        KeyFormat::Checked => {
            push_base62(&mut text, KEY_ID_LENGTH + SECRET_LENGTH)?;
            let sum: [u8; CHECKSUM_LENGTH] = checksum(&text);
            text.extend(sum.map(char::from));
        }
    }
    Ok(text)
}

fn push_hex(text: &mut String) -> Result<(), RandomnessUnavailable> {
    let mut bytes = Zeroizing::new([0; CLASSIC_LENGTH / 2]);
    fill(&mut *bytes)?;
    text.extend(bytes.iter().flat_map(|byte| hex_digits(*byte)));
    Ok(())
}

fn push_base62(text: &mut String, count: usize) -> Result<(), RandomnessUnavailable> {
    let mut bytes = Zeroizing::new([0; 64]);
    let end = text.len() + count;
    while text.len() < end {
        fill(&mut *bytes)?;
        let fair = bytes.iter().filter(|byte| **byte < FAIR);
        let missing = end - text.len();
        text.extend(
            fair.take(missing)
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)])),
        );
    }
    Ok(())
}

fn fill(bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
    getrandom::fill(bytes).map_err(RandomnessUnavailable)
}

/// The operating system gave no randomness, so no key could be made.
#[derive(Debug)]
pub struct RandomnessUnavailable(getrandom::Error);

impl fmt::Display for RandomnessUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no randomness")
    }
}

impl std::error::Error for RandomnessUnavailable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
