//! What is signed otherwise is not believed: ASVS v5.0.0-9.1.1, AC-J8.

use portcullis_jwt::TokenErrorKind;

use crate::support;
use crate::support::{b64, claims, hs256, refusal, signed, verifier};

/// v5.0.0-9.1.1: nothing of a token with a wrong signature is believed, whichever bit is wrong.
#[test]
fn a_changed_token_is_refused() {
    let honest = signed(&claims());
    let verifier = verifier();
    assert!(verifier.verify(&honest).is_ok());
    for position in 0..honest.len() {
        let mut changed = honest.clone().into_bytes();
        changed[position] = if changed[position] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let changed = String::from_utf8(changed).unwrap();
        assert!(
            changed == honest || verifier.verify(&changed).is_err(),
            "byte {position}"
        );
    }
    let (message, _) = honest.rsplit_once('.').unwrap();
    for cut in ["", "A", "AA", "AAAA"] {
        assert!(verifier.verify(&format!("{message}.{cut}")).is_err());
    }
}

#[test]
fn a_token_of_another_secret_is_refused() {
    let message = format!(
        "{}.{}",
        b64(r#"{"alg":"HS256"}"#),
        b64(claims().to_string())
    );
    for secret in [
        &b"another secret of the tests 0123456789"[..],
        b"",
        &[0; 64],
    ] {
        let attack = format!("{message}.{}", b64(hs256(&message, secret)));
        assert_eq!(refusal(&verifier(), &attack), TokenErrorKind::BadSignature);
    }
}

/// A header that was seen with an honest token does not vouch for another token with that header.
#[test]
fn a_known_header_does_not_excuse_a_signature() {
    let verifier = verifier();
    let honest = signed(&claims());
    verifier.verify(&honest).unwrap();
    let (header, _) = honest.split_once('.').unwrap();
    let forged = format!(
        "{header}.{}.{}",
        b64(r#"{"sub":"root","exp":9999999999}"#),
        b64([0; 32])
    );
    assert_eq!(refusal(&verifier, &forged), TokenErrorKind::BadSignature);
}

/// AC-J8: the comparison itself is the MAC crate's `verify_slice`; what can be seen from outside is that a tag that is right as
/// far as it goes is as wrong as any other.
#[test]
fn ac_j8_a_truncated_mac_is_refused() {
    let message = format!(
        "{}.{}",
        b64(r#"{"alg":"HS256"}"#),
        b64(claims().to_string())
    );
    let mac = hs256(&message, support::SECRET);
    for length in 0..32 {
        let attack = format!("{message}.{}", b64(&mac[..length]));
        assert_eq!(
            refusal(&verifier(), &attack),
            TokenErrorKind::BadSignature,
            "{length}"
        );
    }
    let longer = [mac.as_slice(), &[0]].concat();
    assert_eq!(
        refusal(&verifier(), &format!("{message}.{}", b64(longer))),
        TokenErrorKind::BadSignature
    );
}
