//! Armour (RFC 7468) and the little DER that is needed to bring keys into the form that the crypto library takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::KeyError;

/// The first block of a PEM file: its label and its bytes.
pub(super) struct Pem {
    pub(super) label: String,
    pub(super) der: Zeroizing<Vec<u8>>,
}

pub(super) fn read(pem: impl AsRef<[u8]>) -> Result<Pem, KeyError> {
    let not_pem = KeyError::malformed("this is not a PEM file");
    let text = std::str::from_utf8(pem.as_ref()).map_err(|_| not_pem.clone())?;
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(not_pem.clone())?;
    let (label, rest) = rest.split_once("-----").ok_or(not_pem.clone())?;
    let end = format!("-----END {label}-----");
    let (body, _) = rest.split_once(end.as_str()).ok_or(not_pem.clone())?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    let der = STANDARD.decode(body.as_bytes()).map_err(|_| not_pem)?;
    Ok(Pem {
        label: label.to_owned(),
        der: Zeroizing::new(der),
    })
}

/// The private key inside PKCS#8 (RFC 5958 §2: a sequence of version, algorithm, and the key in an octet string).
pub(super) fn pkcs8_content(der: &[u8]) -> Option<&[u8]> {
    let (0x30, sequence, _) = element(der)? else {
        return None;
    };
    let (0x02, _, rest) = element(sequence)? else {
        return None;
    };
    let (0x30, _, rest) = element(rest)? else {
        return None;
    };
    let (0x04, content, _) = element(rest)? else {
        return None;
    };
    Some(content)
}

/// Splits off one element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |all, digit| (all << 8) | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// An RSA private key in PKCS#1 (RFC 8017 A.1.2), from its eight numbers: n, e, d, p, q, dp, dq, qi.
pub(super) fn rsa_private_key(numbers: &[Zeroizing<Vec<u8>>; 8]) -> Zeroizing<Vec<u8>> {
    let mut content = Zeroizing::new(integer(&[0]));
    for number in numbers {
        content.extend_from_slice(&Zeroizing::new(integer(number)));
    }
    Zeroizing::new(encode(0x30, &content))
}

/// A positive integer: no needless zeros in front, but one where the first bit is set.
fn integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0);
    let digits = &number[start.unwrap_or(number.len())..];
    let padded = digits.first().is_none_or(|first| *first >= 0x80);
    let mut content = Zeroizing::new(Vec::with_capacity(digits.len() + 1));
    if padded {
        content.push(0);
    }
    content.extend_from_slice(digits);
    encode(0x02, &content)
}

fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(content.len() + 6);
    der.push(tag);
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match content.len() {
        0..=0x7f => der.push(content.len() as u8),
        _ => {
            der.push(0x80 | digits.len() as u8);
            der.extend_from_slice(digits);
        }
    }
    der.extend_from_slice(content);
    der
}
