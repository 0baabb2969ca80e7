//! The secrets of a run, and the search for them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use portcullis::accounts::RecordId;

/// This much of a secret is too much.
const FRAGMENT: usize = 14;

/// Every secret that was used or given, with a name to complain by.
#[derive(Debug, Default)]
pub(crate) struct Noted(Vec<(&'static str, String)>);

impl Noted {
    /// Remembers a secret, whole.
    pub(crate) fn note(&mut self, name: &'static str, secret: &str) {
        assert!(FRAGMENT <= secret.len(), "{name} is no secret");
        self.0.push((name, secret.to_owned()));
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whatever stands in `text` of these secrets: in plain, in hex, in base64, or as the bytes that they are the base64 of.
    pub(crate) fn found_in(&self, text: &[u8]) -> Vec<String> {
        let lower = text.to_ascii_lowercase();
        let mut found = Vec::new();
        for (name, secret) in &self.0 {
            for (how, form) in forms(secret) {
                let is_hex = how.ends_with("hex");
                let text = if is_hex { &lower } else { text };
                if contains(text, &form) {
                    found.push(format!("{name}, {how}"));
                }
            }
        }
        found
    }
}

/// How a secret may be written.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![("in plain", secret.as_bytes().to_vec())];
    // Its parts alone are enough to be found: the signature of a JWT, the secret half of a key or of a link.
    let parts = secret.split(['.', '_', '=']);
    let parts = parts.filter(|part| 2 * FRAGMENT <= part.len() && *part != secret);
    // What all JWTs of a key begin with is no secret, nor is a link's id.
    let parts = parts.filter(|part| !part.starts_with("eyJ"));
    let parts = parts.filter(|part| part.parse::<RecordId>().is_err());
    forms.extend(
        parts
            .clone()
            .map(|part| ("a part", part.as_bytes().to_vec())),
    );
    forms.push(("as hex", hex(secret.as_bytes())));
    forms.extend(shifted_base64(secret.as_bytes()).map(|text| ("as base64", text)));
    for part in parts.chain([secret]) {
        if let Ok(bytes) = URL_SAFE_NO_PAD.decode(part) {
            forms.push(("decoded, as hex", hex(&bytes)));
            forms.push(("decoded", bytes));
        }
    }
    forms.retain(|(_, form)| FRAGMENT <= form.len());
    forms
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.into_bytes()
}

/// The base64 of something, wherever in a text it stands: at each of the three offsets, without the letters that depend on what is
/// around it.
fn shifted_base64(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let encode = |offset: usize| {
        let mut padded = vec![0; offset];
        padded.extend(bytes);
        let dependent = (offset * 4).div_ceil(3);
        let both = [STANDARD_NO_PAD, URL_SAFE_NO_PAD];
        both.map(|engine| {
            let text = engine.encode(&padded);
            text.as_bytes()[dependent..text.len() - 1].to_vec()
        })
    };
    [0, 1, 2].map(encode).into_iter().flatten()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    let Some((first, _)) = part.split_first() else {
        return false;
    };
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(part) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[test]
fn a_secret_is_found_however_it_is_written() {
    let mut noted = Noted::default();
    let secret = "an-altogether.secret-of-forty-letters-or-so";
    noted.note("secret", secret);
    let in_base64 = |prefix: &str| STANDARD_NO_PAD.encode(format!("{prefix}{secret} and so on"));
    for text in [
        format!("it is {secret}!"),
        "half of it: secret-of-forty-letters-or-so".to_owned(),
        String::from_utf8(hex(secret.as_bytes())).unwrap(),
        String::from_utf8(hex(secret.as_bytes()))
            .unwrap()
            .to_uppercase(),
        in_base64(""),
        in_base64("1"),
        in_base64("12"),
        in_base64("123"),
    ] {
        assert!(!noted.found_in(text.as_bytes()).is_empty(), "{text}");
    }
    let mut noted = Noted::default();
    let bytes = [0xa7; 32];
    noted.note("key", &URL_SAFE_NO_PAD.encode(bytes));
    assert!(!noted.found_in(&bytes).is_empty());
    assert!(!noted.found_in(&hex(&bytes)).is_empty());
    assert!(noted.found_in(b"nothing of it").is_empty());
}
