//! A stolen key is forgotten at once, everywhere.

use std::sync::Arc;
use std::time::Duration;

use portcullis_accounts::{Heard, RevocationFeed};
use portcullis_core::BoxFuture;
use portcullis_jwt::Revocation;
use tokio::sync::{Mutex, mpsc};

use crate::common::tokens;
use crate::nodes::{EMAIL, Node, kid_of, kids, node, node_with, published, rows, two, world};

/// A feed in one process that remembers what it was given.
#[derive(Debug, Clone)]
struct Wire {
    out: mpsc::UnboundedSender<Heard>,
    heard: Arc<Mutex<mpsc::UnboundedReceiver<Heard>>>,
}

impl RevocationFeed for Wire {
    fn publish(&self, revocations: &[Revocation]) {
        for revocation in revocations {
            // As JSON, as every feed carries it.
            let text = serde_json::to_string(revocation).unwrap();
            let told = serde_json::from_str(&text).unwrap();
            let _ = self.out.send(Heard::Revoked(told));
        }
    }

    fn next(&self) -> BoxFuture<'_, Heard> {
        Box::pin(async {
            match self.heard.lock().await.recv().await {
                Some(heard) => heard,
                None => std::future::pending().await,
            }
        })
    }
}

fn wires() -> (Wire, Wire) {
    let (to_other, other) = mpsc::unbounded_channel();
    let (to_one, one) = mpsc::unbounded_channel();
    let wire = |out, heard| Wire {
        out,
        heard: Arc::new(Mutex::new(heard)),
    };
    (wire(to_other, one), wire(to_one, other))
}

async fn assert_refused(node: &Node, token: &str) {
    assert_eq!(node.answer(token).await, "401 invalid_token");
}

#[tokio::test]
async fn a_replaced_key_is_nothing_here_at_once_and_elsewhere_at_the_next_look() {
    let (store, _, [here, there]) = two().await;
    let session = here.login(EMAIL, crate::common::PASSWORD).await.unwrap();
    let stolen = tokens(&session).access().to_owned();
    let thief = here.accounts.key_ring().signing_key().unwrap();
    assert_eq!(there.answer(&stolen).await, "");

    here.accounts.replace_signing_keys().await.unwrap();
    assert_refused(&here, &stolen).await;
    there.look().await;
    assert_refused(&there, &stolen).await;
    let kid = thief.kid().unwrap();
    let left = rows(&store).await;
    assert_eq!((left.len(), left[0].number), (1, 2));
    assert!(left[0].kid != kid && !there.published().contains(kid));
    // Nobody has to log in again.
    let next = there.users().refresh(tokens(&session).refresh()).await;
    let next = tokens(&next.unwrap()).access().to_owned();
    for node in [&here, &there] {
        assert_eq!(node.answer(&next).await, "");
    }
    let trail = here.trail().await;
    for entry in [
        "signing_key.created replaced",
        "signing_key.forgotten replaced",
    ] {
        assert!(trail.iter().any(|name| name == entry), "{entry}: {trail:?}");
    }
    let events = here.audit().await;
    let forgotten = events
        .iter()
        .find(|event| event.kind.as_str() == "signing_key.forgotten");
    assert_eq!(forgotten.unwrap().detail.as_deref(), Some(kid));
}

/// Whatever it says, and however fresh it is.
#[tokio::test]
async fn what_a_thief_signs_with_a_replaced_key_is_refused() {
    let (_, clock, [here, there]) = two().await;
    let token = here.token().await;
    let stolen = here.accounts.key_ring().signing_key().unwrap();
    here.accounts.replace_signing_keys().await.unwrap();
    there.look().await;
    let issuer = portcullis_jwt::Issuer::new(stolen).clock(clock.shared());
    let user = here.users().collection().to_owned();
    let claims = serde_json::json!({ "collection": user, "roles": ["admin"] });
    let grant = portcullis_jwt::Grant::access("anybody");
    let forged = issuer.issue_with(&grant, &claims).unwrap();
    for node in [&here, &there] {
        assert_refused(node, forged.as_str()).await;
        assert_refused(node, &token).await;
    }
}

/// The first token of the new key comes to a node that has not looked since.
#[tokio::test]
async fn a_new_key_is_looked_for_when_its_first_token_comes() {
    let (_, _, [here, there]) = two().await;
    let old = there.token().await;
    there.look().await;
    here.accounts.replace_signing_keys().await.unwrap();
    let new = here.token().await;
    assert_eq!(there.answer(&old).await, "", "it has heard nothing yet");
    assert_eq!(there.answer(&new).await, "");
    assert_refused(&there, &old).await;
}

/// By the feed, with nobody asking for anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_is_told_to_the_other_nodes() {
    let (store, clock) = world();
    let (mine, theirs) = wires();
    let here = node_with(&store, &clock, |builder| builder.revocation_feed(mine));
    here.register(EMAIL).await;
    let there = portcullis_accounts::Accounts::builder(
        store.clone(),
        portcullis_accounts::CapturedMail::new(),
        "https://app.example",
    )
    .jwt_secret(crate::common::SECRET)
    .clock(clock.shared())
    .stored_keys(Default::default())
    .revocation_feed(theirs)
    .build()
    .unwrap();
    there.read_signing_keys().await.unwrap();
    let stolen = kids(&store).await;
    assert_eq!(published(&there), stolen.iter().cloned().collect());
    here.accounts.replace_signing_keys().await.unwrap();
    let follows = async {
        while published(&there) != here.published() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, follows)
        .await
        .expect("it hears of it");
    there.close().await.unwrap();
}

/// A node that is cut off lets nobody in by what may have been stolen.
#[tokio::test]
async fn a_node_that_cannot_read_the_keys_trusts_them_for_ten_seconds() {
    let (_, clock, [here, there]) = two().await;
    let old = there.token().await;
    there.look().await;
    there.store.go_down(true);
    here.accounts.replace_signing_keys().await.unwrap();
    let new = here.token().await;
    clock.advance(Duration::from_secs(10));
    for token in [&old, &new] {
        assert_eq!(there.answer(token).await, "503 unavailable");
    }
    there.store.go_down(false);
    assert_refused(&there, &old).await;
    assert_eq!(there.answer(&new).await, "");
}

/// It is not known whether another node has made such a key this moment.
#[tokio::test]
async fn an_unknown_key_is_503_while_the_store_does_not_answer() {
    let (store, clock, [here, there]) = two().await;
    there.look().await;
    here.accounts.replace_signing_keys().await.unwrap();
    let new = here.token().await;
    there.store.go_down(true);
    assert_eq!(there.answer(&new).await, "503 unavailable");
    let late = node(&store, &clock);
    late.store.go_down(true);
    assert_eq!(late.answer(&new).await, "503 unavailable");
    assert!(late.accounts.read_signing_keys().await.is_err());
    for node in [&there, &late] {
        node.store.go_down(false);
        assert_eq!(node.answer(&new).await, "");
    }
}

/// AC-A4's storm, at home.
#[tokio::test(flavor = "multi_thread")]
async fn invented_names_of_keys_do_not_make_a_storm() {
    let (store, clock) = world();
    let real = portcullis_core::SystemClock::shared();
    let node = node_with(&store, &clock, |builder| builder.clock(real));
    node.look().await;
    node.store.asked();
    let began = Duration::from_millis(now());
    let invented = (0..300).map(|number| {
        let kid = format!("invented-{number}");
        let key = portcullis_jwt::SigningKey::generate(portcullis_jwt::Algorithm::EdDsa);
        let issuer = portcullis_jwt::Issuer::new(key.unwrap().with_kid(kid));
        let grant = portcullis_jwt::Grant::access("anybody");
        issuer.issue(&grant).unwrap().as_str().to_owned()
    });
    let asking: Vec<_> = invented
        .map(|token| {
            let accounts = node.accounts.clone();
            let node = Node {
                accounts,
                store: node.store.clone(),
                clock: node.clock.clone(),
                mail: node.mail.clone(),
            };
            tokio::spawn(async move { node.answer(&token).await })
        })
        .collect();
    for answer in asking {
        assert_eq!(answer.await.unwrap(), "401 invalid_token");
    }
    let took = Duration::from_millis(now()).saturating_sub(began);
    let asked = node.store.asked();
    let asked = asked.iter().filter(|it| *it == "signing_keys").count();
    let most = 2 + took.as_millis() / 100;
    assert!(asked as u128 <= most, "{asked} questions within {took:?}");
    assert!(kid_of(&node_token(&node).await).len() > 8);
}

fn now() -> u64 {
    use portcullis_core::Clock as _;
    let monotonic = portcullis_core::SystemClock.monotonic().as_millis();
    u64::try_from(monotonic).unwrap()
}

async fn node_token(node: &Node) -> String {
    let session = node.register(EMAIL).await;
    tokens(&session).access().to_owned()
}
