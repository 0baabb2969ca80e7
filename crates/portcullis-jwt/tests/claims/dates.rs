//! From when and until when: AC-J3, ASVS v5.0.0-9.2.1.

use std::time::Duration;

use portcullis_jwt::TokenErrorKind;

use crate::at;
use crate::support::{
    START, builder, claims, refusal, signed, signed_text, verifier, with, without,
};

/// A text for each claim value that is no date.
const NO_DATES: [&str; 12] = [
    "\"1767229200\"",
    "null",
    "true",
    "[1767229200]",
    "{}",
    "\"\"",
    "1e400",
    "-1e400",
    "1e300",
    "NaN",
    "0x10",
    "99999999999999999999",
];

/// v5.0.0-9.2.1
#[test]
fn ac_j3_exp_is_required() {
    assert_eq!(
        refusal(&verifier(), &signed(&without("exp"))),
        TokenErrorKind::MissingClaim
    );
    let insecure = builder().with_insecure_no_expiry().build();
    let user = insecure.verify(&signed(&without("exp"))).unwrap();
    assert_eq!(user.expires_at(), None);
    assert_eq!(
        refusal(&insecure, &signed(&with("exp", START - 61))),
        TokenErrorKind::Expired
    );
}

#[test]
fn ac_j3_exp_has_a_leeway_of_60_seconds() {
    let claims = claims();
    let exp = START + 3600;
    assert_eq!(at(exp + 59, &claims), Ok(()));
    assert_eq!(
        at(exp + 60, &claims),
        Err(TokenErrorKind::Expired),
        "exp itself is too late, RFC 7519 §4.1.4"
    );
    assert_eq!(at(exp + 61, &claims), Err(TokenErrorKind::Expired));
}

#[test]
fn ac_j3_nbf_and_iat_have_a_leeway_of_60_seconds() {
    for name in ["nbf", "iat"] {
        let claims = with(name, START + 100);
        assert_eq!(
            at(START + 39, &claims),
            Err(TokenErrorKind::NotYetValid),
            "{name}"
        );
        assert_eq!(at(START + 40, &claims), Ok(()), "{name}");
        assert_eq!(at(START + 41, &claims), Ok(()), "{name}");
    }
}

#[test]
fn ac_j3_the_leeway_can_be_set_but_not_widely() {
    let verifier = builder().leeway(Duration::ZERO).build();
    assert!(verifier.verify(&signed(&with("exp", START + 1))).is_ok());
    assert_eq!(
        refusal(&verifier, &signed(&with("exp", START))),
        TokenErrorKind::Expired
    );
    let wide = builder().leeway(Duration::from_secs(1 << 40)).build();
    assert_eq!(
        refusal(&wide, &signed(&with("exp", START - 300))),
        TokenErrorKind::Expired
    );
}

#[test]
fn ac_j3_dates_are_numbers() {
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for value in NO_DATES {
            let mut rest = without(name);
            rest.as_object_mut().unwrap().remove("exp");
            let exp = if name == "exp" {
                String::new()
            } else {
                format!(",\"exp\":{}", START + 3600)
            };
            let text = format!("{{\"sub\":\"alice\"{exp},\"{name}\":{value}}}");
            assert_eq!(
                refusal(&verifier(), &signed_text(&text)),
                TokenErrorKind::Malformed,
                "{name}: {value}"
            );
        }
    }
}

#[test]
fn ac_j3_dates_may_have_fractions() {
    let text = |exp: &str| format!("{{\"sub\":\"alice\",\"exp\":{exp}}}");
    for exp in [
        "1767229200.5",
        "1.7672292e9",
        "1767229200.000000001",
        "1767229200E0",
    ] {
        let user = verifier().verify(&signed_text(&text(exp))).unwrap();
        assert_eq!(
            user.expires_at().unwrap().unix_seconds(),
            START + 3600,
            "{exp}"
        );
    }
    let verifier = builder().leeway(Duration::ZERO).build();
    assert!(verifier.verify(&signed_text(&text("1767225600.1"))).is_ok());
    assert_eq!(
        refusal(&verifier, &signed_text(&text("1767225599.9"))),
        TokenErrorKind::Expired
    );
    assert_eq!(
        refusal(&verifier, &signed_text(&text("-1"))),
        TokenErrorKind::Expired
    );
}
