use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use super::process::Node;
use super::trick::Trick;
use crate::oauth::Client;

/// A hostile OpenID Connect provider: `oauth2-mock-server`, which takes whatever it is sent, with tricks played on what it answers.
///
/// Without tricks it lets `johndoe` in, whose verified address is `johndoe@example.com`; its id tokens are signed with RS256 and carry a
/// right `at_hash`. It takes every secret and every code, also twice: what counts is what is done with its answers.
///
/// It ends when this is dropped, and with the process that started it.
///
/// ```no_run
/// use portcullis_testkit::oauth::{Client, HostileProvider, Signature, Trick};
/// use serde_json::json;
///
/// # async fn example() {
/// let Some(provider) = HostileProvider::start(Client::new("an id", "a secret")).await else {
///     return;
/// };
/// let other = Trick::Claims(json!({ "aud": "somebody else", "nonce": null }));
/// provider.play(&[other, Trick::Signature(Signature::None)]).await;
/// # }
/// ```
#[derive(Debug)]
pub struct HostileProvider {
    node: Node,
}

impl HostileProvider {
    /// Starts one, which plays no trick yet. `None`, and a line that says why, where node, npm or the packages are missing.
    ///
    /// # Panics
    ///
    /// If something is missing where the variable `CI` is set, and if it does not start within two minutes.
    pub async fn start(client: Client) -> Option<Self> {
        let settings = json!({ "clientId": client.id, "clientSecret": client.secret });
        let node = Node::start("hostile.mjs", settings).await?;
        Some(Self { node })
    }

    /// Where it listens, which is its issuer: `http://127.0.0.1:35711`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.node.url()
    }

    /// Plays these tricks from now on, and no others.
    ///
    /// # Panics
    ///
    /// If it has ended, as all that follow.
    pub async fn play(&self, tricks: &[Trick]) {
        self.node
            .tell(&json!({ "tricks": Trick::to_json(tricks) }))
            .await;
    }

    /// Takes a new key, under a name that it never had, and forgets the old one.
    pub async fn rotate_keys(&self) {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.node.tell(&json!({ "rotate": name })).await;
    }

    /// Forgets its tricks and what it was asked, and keeps its key: for another test to begin with.
    pub async fn reset(&self) {
        self.node.tell(&json!({ "reset": true })).await;
    }

    /// What it was asked so far, the oldest first: `POST /token`.
    pub async fn requests(&self) -> Vec<String> {
        self.node.requests().await
    }
}
