//! What verifying costs: by hand, by us at first sight, by us from the cache, and through the layer.
//!
//! `cargo bench -p portcullis-jwt --bench verify`. All cases run interleaved in one process; the figures are the median over the
//! rounds and the lowest, in nanoseconds. A text after `--` chooses the groups whose names hold it. The comparison with other crates is in the workspace's `benches`.

use std::cell::RefCell;
use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response};
use portcullis_core::{AuthUser, AuthnLayer};
use portcullis_jwt::{
    Algorithm, Bearer, Grant, HmacKey, Issuer, KeySet, Revocations, SigningKey, Verifier,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use tower::{Layer, Service, service_fn};

const SECRET: &[u8] = b"an honest secret of the bench, 0123456789";
const ROUNDS: usize = 101;

/// What a careful person would write for exactly one key and one form of claims.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: i64,
    iss: String,
    aud: String,
    #[serde(default)]
    roles: Vec<String>,
}

fn by_hand(hmac: &Hmac<Sha256>, header: &str, token: &str, now: i64) -> Claims {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (head, payload) = message.split_once('.').unwrap();
    assert_eq!(head, header);
    let mut tag = [0; 64];
    let length = URL_SAFE_NO_PAD.decode_slice(signature, &mut tag).unwrap();
    let mac = hmac.clone().chain_update(message);
    mac.verify_slice(&tag[..length]).unwrap();
    let mut json = [0; 1024];
    let length = URL_SAFE_NO_PAD.decode_slice(payload, &mut json).unwrap();
    let claims: Claims = serde_json::from_slice(&json[..length]).unwrap();
    assert!(claims.exp > now && claims.iat <= now + 60);
    assert!(claims.iss == "https://id.example" && claims.aud == "notes");
    assert!(!claims.sub.is_empty() && claims.roles.len() < 9);
    claims
}

struct Case<'c> {
    name: &'static str,
    iterations: usize,
    run: Box<dyn FnMut() + 'c>,
    times: Vec<f64>,
}

impl<'c> Case<'c> {
    fn new(name: &'static str, iterations: usize, run: impl FnMut() + 'c) -> Self {
        Self {
            name,
            iterations,
            run: Box::new(run),
            times: Vec::new(),
        }
    }

    fn round(&mut self) {
        let start = Instant::now();
        for _ in 0..self.iterations {
            (self.run)();
        }
        let nanos = start.elapsed().as_nanos() as f64;
        self.times.push(nanos / self.iterations as f64);
    }

    /// On a busy machine the lowest says more: that round was not interrupted.
    fn lowest(&self) -> f64 {
        self.times.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn median(&mut self) -> f64 {
        self.times.sort_by(f64::total_cmp);
        self.times[self.times.len() / 2]
    }
}

fn measure(title: &str, mut cases: Vec<Case<'_>>) {
    for case in &mut cases {
        case.round();
        case.times.clear();
    }
    for _ in 0..ROUNDS {
        cases.iter_mut().for_each(Case::round);
    }
    println!("{title}");
    println!(
        "  {:44} {:>9} {:>9}  ratio of the lowest",
        "", "median", "lowest"
    );
    let first = cases[0].lowest();
    for case in &mut cases {
        let (median, lowest) = (case.median(), case.lowest());
        let (name, ratio) = (case.name, lowest / first);
        println!("  {name:44} {median:>9.0} {lowest:>9.0}  {ratio:>5.2} x");
    }
}

fn issue(key: SigningKey) -> String {
    let issuer = Issuer::new(key)
        .issuer("https://id.example")
        .audience("notes");
    let private = json!({"roles": ["user"]});
    issuer
        .issue_with(&Grant::access("0192f7c1-alice"), &private)
        .unwrap()
        .into_string()
}

fn verifier(key: &SigningKey) -> portcullis_jwt::VerifierBuilder {
    Verifier::for_key(key.verifying_key().clone())
        .issuer("https://id.example")
        .audience("notes")
        .roles_claim("roles")
}

/// The key of a JWK set, parsed by the library itself.
fn bare(key: &SigningKey) -> ParsedPublicKey {
    let jwks: Value =
        serde_json::from_str(&KeySet::from(key.verifying_key().clone()).to_jwks()).unwrap();
    let number = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(jwks["keys"][0][name].as_str().unwrap())
            .unwrap()
    };
    match key.algorithm() {
        Algorithm::Rs256 => aws_lc_rs::signature::RsaPublicKeyComponents {
            n: number("n"),
            e: number("e"),
        }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .unwrap(),
        Algorithm::Es256 => {
            let point = [vec![4], number("x"), number("y")].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).unwrap()
        }
        _ => ParsedPublicKey::new(&ED25519, number("x")).unwrap(),
    }
}

fn asymmetric(algorithm: Algorithm) {
    let key = SigningKey::generate(algorithm).unwrap();
    let token = issue(key.clone());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (bare, anew, cached) = (
        bare(&key),
        verifier(&key).without_cache().build(),
        verifier(&key).build(),
    );
    measure(
        algorithm.as_str(),
        vec![
            Case::new("bare signature check", 20, || {
                bare.verify_sig(message.as_bytes(), &signature).unwrap();
            }),
            Case::new("first sight", 20, || {
                drop(black_box(anew.verify(&token).unwrap()));
            }),
            Case::new("from the cache", 400, || {
                drop(black_box(cached.verify(&token).unwrap()));
            }),
        ],
    );
}

fn call<S>(service: &mut S, request: Request<()>)
where
    S: Service<Request<()>, Error = Infallible>,
{
    let mut future = Box::pin(service.call(request));
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(Ok(response)) => drop(black_box(response)),
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => unreachable!("nothing waits here"),
    }
}

fn layers() {
    let request = |token: Option<&str>| {
        let mut request = Request::new(());
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request
                .headers_mut()
                .insert(http::header::AUTHORIZATION, value);
        }
        request
    };
    let floor = RefCell::new(service_fn(|mut request: Request<()>| async move {
        request.extensions_mut().insert(Arc::new(7_u64));
        let seven = request.extensions().get::<Arc<u64>>().map(|seven| **seven);
        Ok::<_, Infallible>(Response::new(seven))
    }));
    let inner = service_fn(|request: Request<()>| async move {
        let is_known = request.extensions().get::<AuthUser>().is_some();
        Ok::<_, Infallible>(Response::new(is_known))
    });
    let (hs, es) = (
        SigningKey::hs256(&HmacKey::new(SECRET).unwrap()),
        SigningKey::generate(Algorithm::Es256).unwrap(),
    );
    let (hs_token, es_token) = (issue(hs.clone()), issue(es.clone()));
    let through = |verifier: Verifier| {
        RefCell::new(AuthnLayer::new().scheme(Bearer::new(verifier)).layer(inner))
    };
    let first = through(verifier(&hs).build());
    let cached = through(verifier(&es).build());
    let revocations = Revocations::new(std::time::Duration::from_secs(900));
    let revocable = through(verifier(&es).revocations(revocations.clone()).build());
    revocations.revoke_session("another");
    let wrong = format!("{}A", &hs_token[..hs_token.len() - 1]);
    // Requests are made outside the measured time as far as one can: a clone of the same one is what all cases share.
    let (plain, with_hs, with_es, with_wrong) = (
        request(None),
        request(Some(&hs_token)),
        request(Some(&es_token)),
        request(Some(&wrong)),
    );
    measure(
        "through the layer (each case includes cloning its request)",
        vec![
            Case::new("E: service, one extension, with the header", 1000, || {
                call(&mut *floor.borrow_mut(), with_es.clone());
            }),
            Case::new("clone of the request alone", 1000, || {
                drop(black_box(with_es.clone()));
            }),
            Case::new("no credential", 1000, || {
                call(&mut *cached.borrow_mut(), plain.clone());
            }),
            Case::new("ES256 from the cache", 1000, || {
                call(&mut *cached.borrow_mut(), with_es.clone());
            }),
            Case::new("ES256 from the cache, something revoked", 1000, || {
                call(&mut *revocable.borrow_mut(), with_es.clone());
            }),
            Case::new("HS256 first sight", 400, || {
                call(&mut *first.borrow_mut(), with_hs.clone());
            }),
            Case::new("HS256 refused", 400, || {
                call(&mut *first.borrow_mut(), with_wrong.clone());
            }),
        ],
    );
}

fn many_tokens() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let verifier = verifier(&key).build();
    let tokens: Vec<String> = (0..20_000).map(|_| issue(key.clone())).collect();
    for token in &tokens {
        verifier.verify(token).unwrap();
    }
    let mut next = 0_usize;
    let one = &tokens[0];
    measure(
        "20 000 tokens from the cache",
        vec![
            Case::new("the same one", 1000, || {
                drop(black_box(verifier.verify(one).unwrap()));
            }),
            Case::new("one after the other, far apart", 5000, || {
                next = (next + 7919) % tokens.len();
                drop(black_box(verifier.verify(&tokens[next]).unwrap()));
            }),
        ],
    );
    threads(&verifier, one, &tokens);
}

fn threads(verifier: &Verifier, one: &str, tokens: &[String]) {
    const CALLS: usize = 400_000;
    let run = |threads: usize, same: bool| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    for n in 0..CALLS {
                        let token = if same {
                            one
                        } else {
                            &tokens[(n * 7919 + thread) % 1000]
                        };
                        drop(black_box(verifier.verify(token).unwrap()));
                    }
                });
            }
        });
        (threads * CALLS) as f64 / start.elapsed().as_secs_f64()
    };
    for (name, same) in [("one hot token", true), ("1000 tokens", false)] {
        let (one, two) = (run(1, same), run(2, same));
        println!("  {name}: two threads do {:.2} x of one's work", two / one);
    }
}

fn by_secret() {
    let key = SigningKey::hs256(&HmacKey::new(SECRET).unwrap());
    let token = issue(key.clone());
    let hmac = <Hmac<Sha256> as KeyInit>::new_from_slice(SECRET).unwrap();
    let header = token.split('.').next().unwrap();
    let (anew, cached) = (
        verifier(&key).build(),
        verifier(&key).cache_symmetric().build(),
    );
    let clock = || i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    println!("a token of {} bytes\n", token.len());
    measure(
        "HS256",
        vec![
            Case::new("by hand", 400, || {
                drop(black_box(by_hand(&hmac, header, &token, clock())));
            }),
            Case::new("first sight", 400, || {
                drop(black_box(anew.verify(&token).unwrap()));
            }),
            Case::new("from the cache", 400, || {
                drop(black_box(cached.verify(&token).unwrap()));
            }),
        ],
    );
}

fn main() {
    let groups: [(&str, fn()); 6] = [
        ("HS256", by_secret),
        ("RS256", || asymmetric(Algorithm::Rs256)),
        ("ES256", || asymmetric(Algorithm::Es256)),
        ("EdDSA", || asymmetric(Algorithm::EdDsa)),
        ("layer", layers),
        ("20 000 tokens", many_tokens),
    ];
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    for (name, group) in groups {
        if wanted.as_deref().is_none_or(|wanted| name.contains(wanted)) {
            group();
        }
    }
}
