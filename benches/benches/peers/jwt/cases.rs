use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{Request, StatusCode};
use portcullis_benches::{Case, Lane, Race, Settings};
use portcullis_core::{AuthUser, AuthnLayer};
use portcullis_jwt::{Bearer, HmacKey, KeySet, KeySource, Verifier, VerifierBuilder, VerifyingKey};
use tower::Layer;

use super::{Issuers, peers};
use crate::hand::ByHand;
use crate::reply::reads;
use crate::request::{bearer, plain};
use crate::token::{AUDIENCE, ISSUER, Issuer, KID, SECRET};

/// How many tokens are seen for the first time in a leg.
const NEW_TOKENS: usize = 256;

/// The tokens that are in use at one time, where there are many.
const MANY_TOKENS: usize = 20_000;

pub(crate) fn enter(race: &mut Race, issuers: &Issuers, settings: &Settings) {
    enter_nobody(race, issuers.es256());
    for (name, issuer) in issuers.named() {
        let tokens: Arc<[String]> = issuer.tokens(NEW_TOKENS).into();
        enter_hot(race, name, issuer, &tokens[0]);
        enter_first_sight(race, name, issuer, &tokens);
        enter_broken(race, name, issuer, &tokens[0]);
        peers::enter(race, name, issuer, &tokens);
    }
    enter_by_hand(race, issuers.hs256());
    enter_many(race, issuers.es256(), MANY_TOKENS / settings.divisor);
    enter_threads(race, issuers.es256());
}

/// A verifier as it comes, but that it also keeps HS256 tokens where `symmetric` says so.
pub(crate) fn verifier(issuer: &Issuer, symmetric: bool) -> Verifier {
    match symmetric {
        true => builder(issuer).cache_symmetric().build(),
        false => builder(issuer).build(),
    }
}

fn builder(issuer: &Issuer) -> VerifierBuilder {
    Verifier::for_key(key(issuer))
        .issuer(ISSUER)
        .audience(AUDIENCE)
}

fn key(issuer: &Issuer) -> VerifyingKey {
    let key = match issuer.is_symmetric() {
        true => HmacKey::new(SECRET).map(|secret| VerifyingKey::hs256(&secret)),
        false => VerifyingKey::from_pem(issuer.ours(), &issuer.public_pem),
    };
    key.expect("the keys of the benches are good").with_kid(KID)
}

fn layer(verifier: Verifier) -> AuthnLayer {
    AuthnLayer::new().scheme(Bearer::new(verifier))
}

fn lane(verifier: Verifier, request: impl FnMut(usize) -> Request<()> + Send + 'static) -> Lane {
    Lane::service(
        StatusCode::OK,
        layer(verifier).layer(reads::<AuthUser>()),
        request,
    )
}

fn enter_nobody(race: &mut Race, issuer: &Issuer) {
    race.enter(
        "jwt: nobody",
        Case::new(lane(verifier(issuer, false), |_| plain())),
    );
}

fn enter_hot(race: &mut Race, name: &str, issuer: &Issuer, token: &str) {
    let token = token.to_owned();
    let lane = lane(verifier(issuer, true), move |_| bearer(&token));
    race.enter(format!("jwt: {name} hot"), Case::new(lane));
}

/// One verifier, whose keys are said to have changed before each leg: it keeps tokens, and must verify each one anew.
fn enter_first_sight(race: &mut Race, name: &str, issuer: &Issuer, tokens: &Arc<[String]>) {
    let keys = Arc::new(Turning::new(key(issuer)));
    let verifier = Verifier::builder(Arc::clone(&keys))
        .issuer(ISSUER)
        .audience(AUDIENCE);
    let service = layer(verifier.build()).layer(reads::<AuthUser>());
    let renewed = move || {
        keys.turn();
        service.clone()
    };
    let tokens = Arc::clone(tokens);
    let lane = Lane::anew(StatusCode::OK, renewed, move |n| bearer(&tokens[n]));
    race.enter(
        format!("jwt: {name} first sight"),
        Case::new(lane).at_most(NEW_TOKENS),
    );
}

/// Keys that stay as they are and can say that they changed.
#[derive(Debug)]
struct Turning {
    keys: KeySet,
    epoch: AtomicU64,
}

impl Turning {
    fn new(key: VerifyingKey) -> Self {
        Self {
            keys: KeySet::new([key]).expect("one key is a set"),
            epoch: AtomicU64::new(0),
        }
    }

    fn turn(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

impl KeySource for Turning {
    fn current(&self) -> KeySet {
        self.keys.clone()
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }
}

fn enter_broken(race: &mut Race, name: &str, issuer: &Issuer, token: &str) {
    let refused = |token: String| {
        let service = layer(verifier(issuer, false)).layer(reads::<AuthUser>());
        Case::new(Lane::service(
            StatusCode::UNAUTHORIZED,
            service,
            move |_| bearer(&token),
        ))
    };
    race.enter(
        format!("jwt: {name} broken"),
        refused(with_other_signature(token)),
    );
    if issuer.is_symmetric() {
        race.enter("jwt: malformed", refused(token.replace('.', "")));
        let other_key = Issuer::hs256().with_kid("another").token(1);
        race.enter("jwt: unknown key", refused(other_key));
    }
}

/// The same token with one letter of its signature exchanged.
pub(super) fn with_other_signature(token: &str) -> String {
    let at = token.len() - 20;
    let other = if token[at..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

fn enter_by_hand(race: &mut Race, issuer: &Issuer) {
    let (by_hand, tokens) = (ByHand::new(), issuer.tokens(NEW_TOKENS));
    let lane = Lane::function(
        move |n| tokens[n % tokens.len()].clone(),
        move |token| by_hand.verify(&token).expect("the token is good"),
    );
    race.enter("by hand: HS256", Case::new(lane));
}

/// Tokens in an order that the processor cannot foresee.
fn enter_many(race: &mut Race, issuer: &Issuer, count: usize) {
    let verifier = verifier(issuer, false);
    let tokens = issuer.tokens(count);
    for token in &tokens {
        verifier.verify(token).expect("the token is good");
    }
    let mut at = 0;
    let lane = lane(verifier, move |_| {
        at = (at + 7_919) % tokens.len();
        bearer(&tokens[at])
    });
    race.enter("jwt: many", Case::new(lane));
}

/// All threads come with the same token, which is the worst case: they share its entry.
fn enter_threads(race: &mut Race, issuer: &Issuer) {
    let (verifier, token) = (verifier(issuer, false), issuer.token(1));
    let lane = || {
        let token = token.clone();
        lane(verifier.clone(), move |_| bearer(&token))
    };
    race.enter("jwt: one thread", Case::threads([lane()]));
    race.enter("jwt: two threads", Case::threads([lane(), lane()]));
}
