//! Codes and tokens, and what they were given out for.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// What a person has allowed.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) person: u64,
    pub(super) scopes: Vec<String>,
    pub(super) redirect_uri: Option<String>,
    pub(super) challenge: Option<String>,
}

impl Grant {
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// Whether whoever brings the code is who asked for it: by PKCE, if the request was made with it.
    pub(super) fn is_proven_by(&self, verifier: Option<&str>) -> bool {
        let proof = verifier.map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
        self.challenge == proof
    }
}

/// What has been given out.
#[derive(Debug, Default)]
pub(super) struct Grants {
    codes: BTreeMap<String, Grant>,
    tokens: BTreeMap<String, Grant>,
    refresh_tokens: BTreeMap<String, Grant>,
    given: Vec<String>,
}

impl Grants {
    pub(super) fn new_code(&mut self, grant: Grant) -> String {
        let code = self.random("");
        self.codes.insert(code.clone(), grant);
        code
    }

    /// A code is good once, whatever comes of it.
    pub(super) fn take_code(&mut self, code: &str) -> Option<Grant> {
        self.codes.remove(code)
    }

    pub(super) fn new_token(&mut self, prefix: &str, grant: Grant) -> String {
        let token = self.random(prefix);
        self.tokens.insert(token.clone(), grant);
        token
    }

    pub(super) fn of_token(&self, token: &str) -> Option<&Grant> {
        self.tokens.get(token)
    }

    pub(super) fn new_refresh_token(&mut self, grant: Grant) -> String {
        let token = self.random("");
        self.refresh_tokens.insert(token.clone(), grant);
        token
    }

    pub(super) fn take_refresh_token(&mut self, token: &str) -> Option<Grant> {
        self.refresh_tokens.remove(token)
    }

    pub(super) fn tokens_of(&self, person: u64) -> usize {
        let of = self.tokens.values().filter(|grant| grant.person == person);
        of.count()
    }

    /// All that has ever been given out: nothing of it may stand in a log.
    pub(super) fn given(&self) -> Vec<String> {
        self.given.clone()
    }

    fn random(&mut self, prefix: &str) -> String {
        let mut bytes = [0; 30];
        getrandom::fill(&mut bytes).expect("the system has randomness");
        let random = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
        self.given.push(random.clone());
        random
    }
}
