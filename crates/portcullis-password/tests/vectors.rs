//! The published vectors of `tests/vectors`, each file whole. A case that our own API cannot take is listed with its reason, and
//! goes to the primitive below it instead.

mod support;

use argon2::{Algorithm as Variant, Argon2, AssociatedData, Block, ParamsBuilder, Version};
use portcullis_password::{Bounds, HashErrorKind, PasswordHasher, Verification};
use serde_json::Value;
use support::password;

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("the vectors are JSON")
}

fn cases<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().expect("a list of cases")
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {case}"))
}

fn number(case: &Value, name: &str) -> u32 {
    case[name]
        .as_u64()
        .and_then(|number| number.try_into().ok())
        .expect("a number")
}

fn bytes(case: &Value, name: &str) -> Vec<u8> {
    from_hex(text(case, name))
}

fn from_hex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn argon2() -> Value {
    read(include_str!("vectors/argon2.json"))
}

fn verify_argon2(case: &Value) {
    let hasher = PasswordHasher::default();
    let stored = text(case, "phc");
    let verification = hasher
        .verify(&password(text(case, "password")), stored)
        .unwrap();
    assert_eq!(
        verification,
        Verification::Match { needs_rehash: true },
        "{stored}"
    );
}

#[test]
fn ac_h1_argon2_hashes_of_the_reference_implementation() {
    let document = argon2();
    let all = cases(&document, "hash");
    assert_eq!(all.len(), 26);
    all.iter()
        .filter(|case| number(case, "m_kib") < 1 << 20)
        .for_each(verify_argon2);
}

#[test]
fn ac_h1_argon2_hashes_at_the_upper_bound_of_memory() {
    let document = argon2();
    let greatest: Vec<_> = cases(&document, "hash")
        .iter()
        .filter(|case| number(case, "m_kib") == 1 << 20)
        .collect();
    assert_eq!(greatest.len(), 2);
    greatest.into_iter().for_each(verify_argon2);
}

#[test]
fn argon2_must_not_verify() {
    let document = argon2();
    for case in cases(&document, "must_not_verify") {
        let stored = text(case, "phc");
        let verified = PasswordHasher::default().verify(&password("password"), stored);
        if case["password"].is_string() {
            assert_eq!(verified, Ok(Verification::Mismatch), "{stored}");
        } else {
            assert_eq!(
                verified.unwrap_err().kind(),
                HashErrorKind::MalformedHash,
                "{stored}"
            );
        }
    }
}

/// Not through our own API: stored hashes here have neither a secret (the pepper comes before the hash) nor associated data,
/// and argon2d is not accepted. The primitive we stand on is what these prove.
#[test]
fn argon2_known_answers_with_secret_and_associated_data() {
    let document = argon2();
    let all = cases(&document, "kat_with_secret_and_ad");
    assert_eq!(all.len(), 3);
    for case in all {
        let variant = text(case, "type").parse::<Variant>().unwrap();
        let params = ParamsBuilder::new()
            .m_cost(number(case, "m_kib"))
            .t_cost(number(case, "t"))
            .p_cost(number(case, "p"))
            .data(AssociatedData::new(&bytes(case, "ad_hex")).unwrap())
            .build()
            .unwrap();
        let secret = bytes(case, "secret_hex");
        let argon = Argon2::new_with_secret(&secret, variant, Version::V0x13, params).unwrap();
        let mut memory = vec![Block::new(); argon.params().block_count()];
        let mut tag = [0; 32];
        let (input, salt) = (bytes(case, "password_hex"), bytes(case, "salt_hex"));
        argon
            .hash_password_into_with_memory(&input, &salt, &mut tag, &mut memory)
            .unwrap();
        assert_eq!(tag.to_vec(), bytes(case, "tag_hex"), "{variant}");
    }
}

#[test]
fn ac_h1_ac_h4_bcrypt_hashes() {
    let document = read(include_str!("vectors/bcrypt.json"));
    let hasher = PasswordHasher::default();
    let (mut matched, mut refused, mut primitive) = (0, 0, 0);
    for case in cases(&document, "vectors") {
        let (input, stored) = (bytes(case, "password_hex"), text(case, "hash"));
        let Ok(input_text) = std::str::from_utf8(&input) else {
            // A password is text here, and these three are not UTF-8: they go to the primitive.
            assert!(bcrypt::verify(&input, stored).unwrap(), "{stored}");
            primitive += 1;
            continue;
        };
        let verified = hasher.verify(&password(input_text), stored);
        if input.len() > 72 {
            assert_eq!(
                verified.unwrap_err().kind(),
                HashErrorKind::PasswordTooLong,
                "{stored}"
            );
            refused += 1;
        } else if input.contains(&0) {
            assert_eq!(
                verified.unwrap_err().kind(),
                HashErrorKind::NulByte,
                "{stored}"
            );
            refused += 1;
        } else {
            let valid = case["valid"]
                .as_bool()
                .expect("72 bytes or fewer are valid or not");
            assert_eq!(verified.unwrap().is_match(), valid, "{stored}");
            matched += 1;
        }
    }
    assert_eq!((matched, refused, primitive), (13, 3, 3));
}

#[test]
fn malformed_bcrypt_hashes_are_errors() {
    let document = read(include_str!("vectors/bcrypt.json"));
    for stored in cases(&document, "malformed_must_be_error_not_panic") {
        let stored = stored.as_str().unwrap();
        let error = PasswordHasher::default()
            .verify(&password("password"), stored)
            .unwrap_err();
        let expected = match stored {
            "" | "$2z$04$cVWp4XaNU8a4v1uMRum2SO" => HashErrorKind::UnknownFormat,
            _ => HashErrorKind::MalformedHash,
        };
        assert_eq!(error.kind(), expected, "{stored:?}");
    }
}

fn unpadded(data: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(data)
}

#[test]
fn ac_h1_ac_h2_scrypt_vectors_of_rfc_7914() {
    let document = read(include_str!("vectors/scrypt.json"));
    let raised = Bounds::default().scrypt_log_n(20).scrypt_parallelism(16);
    let raised = PasswordHasher::builder().bounds(raised).build().unwrap();
    let strict = PasswordHasher::default();
    let all = cases(&document, "vectors");
    assert_eq!(all.len(), 4);
    for case in all {
        let (log_n, r, p) = (number(case, "log2N"), number(case, "r"), number(case, "p"));
        let (salt, derived) = (text(case, "salt"), bytes(case, "dk_hex"));
        let input = password(text(case, "password"));
        let salt_text = unpadded(salt.as_bytes());
        let stored = format!(
            "$scrypt$ln={log_n},r={r},p={p}${salt_text}${}",
            unpadded(&derived)
        );
        if salt.is_empty() {
            // A stored hash without a salt is refused, so this case goes to the primitive.
            let error = strict.verify(&input, &stored).unwrap_err();
            assert_eq!(error.kind(), HashErrorKind::MalformedHash);
            let params = scrypt::Params::new(log_n.try_into().unwrap(), r, p).unwrap();
            let mut output = [0; 64];
            scrypt::scrypt(input.expose().as_bytes(), b"", &params, &mut output).unwrap();
            assert_eq!(output.to_vec(), derived);
            continue;
        }
        assert!(
            raised.verify(&input, &stored).unwrap().is_match(),
            "{stored}"
        );
        if log_n > 17 || p > 10 {
            let error = strict.verify(&input, &stored).unwrap_err();
            assert_eq!(error.kind(), HashErrorKind::ParametersRefused, "{stored}");
        }
    }
}
