//! Crockford's base32: no `i`, `l`, `o` and `u`, so that a code can be read out and copied by hand.

use crate::typed::without_separators;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The number of symbols in a code: 16 of five bits each.
const SYMBOLS: usize = 16;

/// How many symbols stand between two hyphens.
const GROUP: usize = 4;

/// The length of a code's text, hyphens included.
const TEXT: usize = SYMBOLS + SYMBOLS / GROUP - 1;

/// How many random bytes a code is made of.
pub(super) const BYTES: usize = SYMBOLS * 5 / 8;

/// 80 bits as `xxxx-xxxx-xxxx-xxxx`.
pub(super) fn encode(bytes: &[u8; BYTES]) -> String {
    let number = bytes
        .iter()
        .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let symbols = (0..SYMBOLS).map(|place| {
        let five_bits = number >> (5 * (SYMBOLS - 1 - place)) & 31;
        // Five bits are below 32.
        ALPHABET[five_bits as usize]
    });
    grouped(symbols)
}

/// A typed code as `encode` writes it: of either case, with spaces and hyphens anywhere, `o` for `0`, `i` and `l` for `1`.
pub(super) fn read(text: &str) -> Option<String> {
    let symbols = || {
        without_separators(text)
            .into_iter()
            .flatten()
            .map(canonical)
    };
    let readable = symbols().all(|symbol| symbol.is_some()) && symbols().count() == SYMBOLS;
    readable.then(|| grouped(symbols().flatten()))
}

/// The symbol for which a character stands.
fn canonical(character: u8) -> Option<u8> {
    let symbol = match character.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    ALPHABET.contains(&symbol).then_some(symbol)
}

/// In a buffer that never grows, so that no copy is left behind.
fn grouped(symbols: impl Iterator<Item = u8>) -> String {
    let mut text = String::with_capacity(TEXT);
    for (place, symbol) in symbols.enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(symbol));
    }
    text
}
