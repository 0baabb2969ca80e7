//! Strings of the Password Hashing Competition's format: `$id$v=19$m=1,t=2$salt$hash`.
//!
//! Read by hand, because a stored hash is untrusted input and every length in it is bounded before it is decoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

const MAX_SALT_BYTES: usize = 64;
/// A shorter output would be found by chance.
const MIN_OUTPUT_BYTES: usize = 16;
const MAX_OUTPUT_BYTES: usize = 64;

/// The parts behind the id.
#[derive(Debug)]
pub(super) struct Phc<'a> {
    pub(super) version: Option<u32>,
    pub(super) parameters: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl<'a> Phc<'a> {
    /// Reads what follows `$id$`.
    pub(super) fn parse(body: &'a str, min_salt: usize) -> Option<Self> {
        let mut parts: Vec<&str> = body.splitn(6, '$').collect();
        let version = match parts.first()?.strip_prefix("v=") {
            Some(version) => Some(decimal(version)?),
            None => None,
        };
        if version.is_some() {
            parts.remove(0);
        }
        let [parameters, salt, output] = parts[..] else {
            return None;
        };
        Some(Self {
            version,
            parameters,
            salt: decode(salt, min_salt, MAX_SALT_BYTES)?,
            output: decode(output, MIN_OUTPUT_BYTES, MAX_OUTPUT_BYTES)?,
        })
    }
}

/// Reads `a=1,b=2` for exactly these names, in any order, each at most once.
pub(super) fn fields<const N: usize>(text: &str, names: [&str; N]) -> Option<[Option<u32>; N]> {
    let mut values = [None; N];
    for field in text.split(',') {
        let (name, value) = field.split_once('=')?;
        let slot = &mut values[names.iter().position(|known| *known == name)?];
        if slot.replace(decimal(value)?).is_some() {
            return None;
        }
    }
    Some(values)
}

/// A number without sign and without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u32> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

fn decode(text: &str, min: usize, max: usize) -> Option<Vec<u8>> {
    if text.len() > max * 4 / 3 + 1 {
        return None;
    }
    let bytes = STANDARD_NO_PAD.decode(text).ok()?;
    (min..=max).contains(&bytes.len()).then_some(bytes)
}

/// The base64 that PHC strings use.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}
