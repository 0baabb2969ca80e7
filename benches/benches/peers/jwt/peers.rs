use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use jwt_authorizer::layer::AuthorizationLayer;
use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer};
use portcullis_benches::{Case, Lane, Race};
use tower::Layer;

use crate::reply::replies;
use crate::request::bearer;
use crate::token::{AUDIENCE, Claims, ISSUER, Issuer, SECRET};

pub(super) fn enter(race: &mut Race, name: &str, issuer: &Issuer, tokens: &Arc<[String]>) {
    enter_authorizer(race, name, issuer, tokens);
    enter_decode(race, name, issuer, tokens);
    if !issuer.is_symmetric() {
        enter_signature_check(race, name, issuer, tokens);
    }
}

/// jwt-authorizer with the key of an issuer.
pub(crate) fn authorizer(issuer: &Issuer) -> JwtAuthorizer<Claims> {
    let pem = &issuer.public_pem;
    let builder = match issuer.algorithm {
        Algorithm::HS256 => JwtAuthorizer::from_secret(SECRET),
        Algorithm::RS256 => JwtAuthorizer::from_rsa_pem_text(pem),
        Algorithm::ES256 => JwtAuthorizer::from_ec_pem_text(pem),
        _ => JwtAuthorizer::from_ed_pem_text(pem),
    };
    builder.validation(validation())
}

pub(crate) fn validation() -> jwt_authorizer::Validation {
    jwt_authorizer::Validation::new()
        .iss(&[ISSUER])
        .aud(&[AUDIENCE])
}

/// Its layer. To build it is asynchronous, for the sake of keys from elsewhere.
pub(crate) fn authorizer_layer(builder: JwtAuthorizer<Claims>) -> AuthorizationLayer<Claims> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("the system gives a runtime");
    let authorizer: Authorizer<Claims> = runtime
        .block_on(builder.build())
        .expect("the keys of the benches are good");
    authorizer.into_layer()
}

fn enter_authorizer(race: &mut Race, name: &str, issuer: &Issuer, tokens: &Arc<[String]>) {
    let lane = |expected, tokens: Arc<[String]>| {
        let layer = authorizer_layer(authorizer(issuer));
        let request = move |n: usize| bearer(&tokens[n % tokens.len()]);
        Lane::service(expected, layer.layer(replies()), request)
    };
    let good = || lane(StatusCode::OK, Arc::clone(tokens));
    race.enter(format!("jwt-authorizer: {name}"), Case::new(good()));
    let broken = [super::cases::with_other_signature(&tokens[0])].into();
    let broken = lane(StatusCode::UNAUTHORIZED, broken);
    race.enter(format!("jwt-authorizer: {name} broken"), Case::new(broken));
    if issuer.is_symmetric() {
        race.enter("jwt-authorizer: one thread", Case::threads([good()]));
        let two = Case::threads([good(), good()]);
        race.enter("jwt-authorizer: two threads", two);
    }
}

fn enter_decode(race: &mut Race, name: &str, issuer: &Issuer, tokens: &Arc<[String]>) {
    let pem = issuer.public_pem.as_bytes();
    let key = match issuer.algorithm {
        Algorithm::HS256 => Ok(DecodingKey::from_secret(SECRET.as_bytes())),
        Algorithm::RS256 => DecodingKey::from_rsa_pem(pem),
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem),
        _ => DecodingKey::from_ed_pem(pem),
    };
    let key = key.expect("the keys of the benches are good");
    let mut validation = Validation::new(issuer.algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    let tokens = Arc::clone(tokens);
    let lane = Lane::function(
        move |n| tokens[n % tokens.len()].clone(),
        move |token| decode::<Claims>(&token, &key, &validation).expect("the token is good"),
    );
    race.enter(format!("jsonwebtoken: {name}"), Case::new(lane));
}

/// The signature check and nothing else, by the fastest library at hand with a parsed key, of other tokens each time: of one
/// token alone, the processor learns the way by heart.
fn enter_signature_check(race: &mut Race, name: &str, issuer: &Issuer, tokens: &Arc<[String]>) {
    let algorithm: &'static dyn VerificationAlgorithm = match issuer.algorithm {
        Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
        _ => &ED25519,
    };
    let key = ParsedPublicKey::new(algorithm, &issuer.public_raw);
    let key = key.expect("the keys of the benches are good");
    let parts: Vec<_> = tokens.iter().map(|token| parts(token)).collect();
    let lane = Lane::function(
        move |n| parts[n % parts.len()].clone(),
        move |(signed, signature)| {
            key.verify_sig(&signed, &signature)
                .expect("the signature is right");
        },
    );
    race.enter(format!("aws-lc-rs: {name}"), Case::new(lane));
}

/// What is signed, and the signature.
fn parts(token: &str) -> (Vec<u8>, Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').expect("a token has three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature);
    let signature = signature.expect("a token is base64url");
    (signed.as_bytes().to_vec(), signature)
}
