//! Whole requests: the bearer scheme in front of keys from afar, honest callers and an attacker who brings keys of his own.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, Response, StatusCode};
use portcullis_core::{AuthUser, AuthnLayer, Clock, authenticated, require};
use portcullis_jwt::{Bearer, Verifier};
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::endpoint::{Answer, Endpoint};
use crate::support::{COOL_DOWN, HOUR, Scene};

/// A key pair that somebody made.
struct Signer {
    pair: Ed25519KeyPair,
}

impl Signer {
    fn new() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self { pair }
    }

    fn jwk(&self, kid: &str) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x})
    }

    fn jwks(&self, kid: &str) -> Answer {
        Answer::ok(json!({ "keys": [self.jwk(kid)] }).to_string())
    }

    /// A token that is good in all but, perhaps, its key.
    fn token(&self, header: &Value, now: &impl Clock) -> String {
        let now = now.now().unix_seconds();
        let claims = json!({"sub": "alice", "iat": now, "exp": now + 900});
        let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", part(header), part(&claims));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A service that asks `/jwks` of the endpoint for its keys, and keeps the tokens that it has verified.
struct Gate {
    scene: Scene,
    verifier: Verifier,
}

/// Nothing is loaded yet.
async fn gate() -> Gate {
    let scene = Scene::new(&[]).await;
    let verifier = Verifier::builder(scene.keys.clone())
        .with_insecure_any_audience()
        .clock(scene.clock.shared())
        .build();
    Gate { scene, verifier }
}

/// What a request with this token is answered with.
async fn status(gate: &Gate, token: &str) -> StatusCode {
    let verifier = gate.verifier.clone();
    let service = ServiceBuilder::new()
        .layer(AuthnLayer::new().scheme(Bearer::new(verifier)))
        .layer(require(authenticated()))
        .service(service_fn(|request: Request<()>| async move {
            let user = request.extensions().get::<AuthUser>().unwrap();
            Ok::<_, std::convert::Infallible>(Response::new(user.id().to_owned()))
        }));
    let request = Request::builder()
        .header("authorization", format!("Bearer {token}"))
        .body(())
        .unwrap();
    service.oneshot(request).await.unwrap().status()
}

fn header(kid: &str) -> Value {
    json!({"alg": "EdDSA", "typ": "JWT", "kid": kid})
}

/// Issue 2: known keys pass; unknown ones are 401; without any keys it is 503.
#[tokio::test]
async fn tokens_are_judged_by_the_keys_of_the_endpoint() {
    let gate = gate().await;
    let scene = &gate.scene;
    let signer = Signer::new();
    let token = signer.token(&header("a"), &scene.clock);
    assert_eq!(status(&gate, &token).await, StatusCode::SERVICE_UNAVAILABLE);

    scene.endpoint.answer("/jwks", signer.jwks("a"));
    scene.clock.advance(COOL_DOWN);
    assert_eq!(status(&gate, &token).await, StatusCode::OK);
    let unknown = signer.token(&header("b"), &scene.clock);
    assert_eq!(status(&gate, &unknown).await, StatusCode::UNAUTHORIZED);
    // The only key also serves tokens without a name.
    let nameless = signer.token(&json!({"alg": "EdDSA"}), &scene.clock);
    assert_eq!(status(&gate, &nameless).await, StatusCode::OK);
    assert_eq!(scene.fetches(), 2);
}

/// A withdrawn key refuses what it had let pass, from the refresh on that noticed it: the kept token is verified anew.
#[tokio::test]
async fn a_withdrawn_key_verifies_no_more() {
    let gate = gate().await;
    let scene = &gate.scene;
    let (old, new) = (Signer::new(), Signer::new());
    scene.endpoint.answer("/jwks", old.jwks("old"));
    let before = old.token(&header("old"), &scene.clock);
    assert_eq!(status(&gate, &before).await, StatusCode::OK);

    scene.endpoint.answer("/jwks", new.jwks("new"));
    scene.clock.advance(COOL_DOWN);
    let after = new.token(&header("new"), &scene.clock);
    assert_eq!(status(&gate, &after).await, StatusCode::OK);
    assert_eq!(status(&gate, &before).await, StatusCode::UNAUTHORIZED);
}

/// v5.0.0-9.1.3, AC-J2: keys come from the configured address alone. A server that would gladly hand out the attacker's key
/// is named in every header that ever meant "fetch it there", and sees not one request.
#[tokio::test]
async fn no_header_of_a_token_leads_to_a_key() {
    let gate = gate().await;
    let scene = &gate.scene;
    let (honest, attacker) = (Signer::new(), Signer::new());
    scene.endpoint.answer("/jwks", honest.jwks("a"));
    let trap = Endpoint::start().await;
    for path in ["/", "/jwks", "/.well-known/openid-configuration"] {
        trap.answer(path, attacker.jwks("a"));
    }
    let url = trap.url("/jwks");
    let lures = [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("jwk", attacker.jwk("a")),
        ("x5c", json!([URL_SAFE_NO_PAD.encode("certificate")])),
        ("x5t", json!("AAAA")),
        ("iss", json!(trap.url(""))),
        ("kid", json!(url)),
        ("kid", json!("../../../../dev/null")),
    ];
    for (name, value) in lures {
        for kid in ["a", "b"] {
            let mut lured = header(kid);
            lured[name] = value.clone();
            let forged = attacker.token(&lured, &scene.clock);
            scene.clock.advance(COOL_DOWN);
            let answer = status(&gate, &forged).await;
            assert_eq!(answer, StatusCode::UNAUTHORIZED, "{name} {kid}");
        }
    }
    let claimed = json!({"alg": "EdDSA", "kid": "a", "jku": url, "x5u": url});
    let honest_token = honest.token(&claimed, &scene.clock);
    assert_eq!(status(&gate, &honest_token).await, StatusCode::OK);
    assert_eq!(trap.requests(), [""; 0]);
    assert!(scene.endpoint.requests().iter().all(|path| path == "/jwks"));
}

/// Issue 2: a flood of forged tokens with invented key names costs one fetch per cool-down, and nobody else anything.
#[tokio::test]
async fn a_flood_of_forged_tokens_costs_one_fetch() {
    let gate = gate().await;
    let scene = &gate.scene;
    let (honest, attacker) = (Signer::new(), Signer::new());
    scene.endpoint.answer("/jwks", honest.jwks("a"));
    let good = honest.token(&header("a"), &scene.clock);
    assert_eq!(status(&gate, &good).await, StatusCode::OK);
    scene.clock.advance(COOL_DOWN);
    for number in 0..100 {
        let forged = attacker.token(&header(&format!("key-{number}")), &scene.clock);
        assert_eq!(status(&gate, &forged).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(status(&gate, &good).await, StatusCode::OK);
    assert_eq!(scene.fetches(), 2);
}

/// Keys that could not be refreshed for too long: 503, not 401 and not a pass.
#[tokio::test]
async fn keys_that_are_too_old_are_503() {
    let gate = gate().await;
    let scene = &gate.scene;
    let signer = Signer::new();
    scene.endpoint.answer("/jwks", signer.jwks("a"));
    scene.keys.ready().await.unwrap();
    scene
        .endpoint
        .answer("/jwks", Answer::status(StatusCode::NOT_FOUND));
    scene.clock.advance(24 * HOUR);
    let token = signer.token(&header("a"), &scene.clock);
    assert_eq!(status(&gate, &token).await, StatusCode::SERVICE_UNAVAILABLE);
}
