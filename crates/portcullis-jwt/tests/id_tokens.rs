//! Verifying ID tokens, for a client that logs people in elsewhere (AC-A4, `v5.0.0-6.8.2`, `v5.0.0-10.5.4`).

mod support;

use portcullis_jwt::{Algorithm, TokenError, TokenErrorKind, Verifier, VerifyingKey};
use serde_json::{Map, Value, json};

use self::support::{P256, Rsa, START, builder, clock, hmac_key, signed, token, with};

type Claims = Map<String, Value>;

fn refusal(verifier: &Verifier, token: &str) -> Option<TokenErrorKind> {
    let decoded = verifier.decode::<Claims>(token);
    decoded.err().map(TokenError::kind)
}

fn id_tokens() -> Verifier {
    builder().audience("client").only_id_tokens().build()
}

fn id_token(name: &str, value: impl Into<Value>) -> String {
    let mut claims = with("aud", "client");
    claims[name] = value.into();
    signed(&claims)
}

/// What makes a token no access token makes it an ID token, and the other way round.
#[test]
fn ac_a4_an_id_token_is_one_for_its_client_and_for_no_service() {
    let (client, service) = (id_tokens(), builder().audience("client").build());
    let cases = [
        (
            id_token("at_hash", "x"),
            None,
            Some(TokenErrorKind::WrongPurpose),
        ),
        (
            id_token("typ", "ID"),
            None,
            Some(TokenErrorKind::WrongPurpose),
        ),
        (
            id_token("token_use", "id"),
            None,
            Some(TokenErrorKind::WrongPurpose),
        ),
        (id_token("nonce", "n"), None, None),
        (
            id_token("token_use", "access"),
            Some(TokenErrorKind::WrongPurpose),
            None,
        ),
        (
            id_token("typ", "Bearer"),
            Some(TokenErrorKind::WrongPurpose),
            None,
        ),
    ];
    for (token, at_client, at_service) in cases {
        assert_eq!(refusal(&client, &token), at_client);
        assert_eq!(refusal(&service, &token), at_service);
    }
    let refresh = id_token("token_use", "refresh");
    assert_eq!(
        refusal(&client, &refresh),
        Some(TokenErrorKind::WrongPurpose)
    );
}

#[test]
fn ac_a4_a_token_that_says_it_is_for_access_is_none() {
    let claims = with("aud", "client").to_string();
    for (typ, expected) in [
        ("JWT", None),
        ("jwt", None),
        ("at+jwt", Some(TokenErrorKind::WrongType)),
        ("application/at+jwt", Some(TokenErrorKind::WrongType)),
        ("logout+jwt", Some(TokenErrorKind::WrongType)),
    ] {
        let header = json!({"alg": "HS256", "typ": typ}).to_string();
        assert_eq!(
            refusal(&id_tokens(), &token(&header, &claims)),
            expected,
            "{typ}"
        );
    }
    let untyped = token(r#"{"alg":"HS256"}"#, &claims);
    assert_eq!(refusal(&id_tokens(), &untyped), None);
}

/// All other rules hold as they do for any token.
#[test]
fn v5_0_0_10_5_4_the_audience_and_the_dates_count_as_ever() {
    let verifier = id_tokens();
    let cases = [
        (id_token("aud", "other"), TokenErrorKind::WrongAudience),
        (id_token("exp", START - 60), TokenErrorKind::Expired),
        (id_token("iat", START + 61), TokenErrorKind::NotYetValid),
    ];
    for (token, expected) in cases {
        assert_eq!(refusal(&verifier, &token), Some(expected));
    }
}

/// AC-J1: a key that verifies is no use with an algorithm that is not on the list.
#[test]
fn ac_j1_algorithms_can_be_narrowed_down() {
    let (rsa, p256) = (Rsa::new(), P256::new());
    let keys = [
        VerifyingKey::from_der(Algorithm::Rs256, rsa.public_der())
            .unwrap()
            .with_kid("r"),
        VerifyingKey::from_der(Algorithm::Es256, p256.public_der())
            .unwrap()
            .with_kid("e"),
    ];
    let claims = support::claims();
    let by_rsa = rsa.token(r#"{"alg":"RS256","kid":"r"}"#, &claims);
    let by_p256 = p256.token(r#"{"alg":"ES256","kid":"e"}"#, &claims);
    let verifier = |algorithms: &[Algorithm]| {
        Verifier::builder(support::set_of(keys.clone()))
            .clock(clock().shared())
            .algorithms(algorithms.iter().copied())
            .build()
    };
    let wrong = Some(TokenErrorKind::WrongAlgorithm);
    let only_rsa = verifier(&[Algorithm::Rs256]);
    assert_eq!(
        (refusal(&only_rsa, &by_rsa), refusal(&only_rsa, &by_p256)),
        (None, wrong)
    );
    assert_eq!(
        only_rsa.verify(&by_p256).unwrap_err().kind(),
        TokenErrorKind::WrongAlgorithm
    );
    let none = verifier(&[]);
    assert_eq!(
        (refusal(&none, &by_rsa), refusal(&none, &by_p256)),
        (wrong, wrong)
    );
    let both = verifier(&[Algorithm::Es256, Algorithm::Rs256]);
    let decoded = both.decode::<Claims>(&by_p256).unwrap();
    assert_eq!(decoded.algorithm(), Algorithm::Es256);
    assert_eq!(
        both.decode::<Claims>(&by_rsa).unwrap().algorithm(),
        Algorithm::Rs256
    );
}

/// Fixed keys are never fetched: an unknown one is refused at once.
#[tokio::test]
async fn decoding_waits_for_nothing_where_keys_are_fixed() {
    let keyed = VerifyingKey::hs256(&hmac_key()).with_kid("known");
    let verifier = Verifier::for_key(keyed).clock(clock().shared()).build();
    let claims = support::claims().to_string();
    let unknown = token(r#"{"alg":"HS256","kid":"unknown"}"#, &claims);
    let refused = verifier.decode_fetching::<Claims>(&unknown).await;
    assert_eq!(refused.unwrap_err().kind(), TokenErrorKind::UnknownKey);
    let known = token(r#"{"alg":"HS256","kid":"known"}"#, &claims);
    let decoded = verifier.decode_fetching::<Claims>(&known).await.unwrap();
    assert_eq!(decoded.claims()["sub"], "alice");
}
