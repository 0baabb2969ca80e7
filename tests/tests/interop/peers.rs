//! The other makers of JWTs that ours are held against, each asked in a process of its own.
#![allow(
    dead_code,
    reason = "the tests of the quickstart use only the peers that make"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::parts::{self, run};

/// Somebody else's implementation of JWT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    PyJwt,
    NodeJose,
    JoseCli,
}

/// What a peer made: a key of its own, and tokens signed with it.
pub(crate) struct Made {
    /// The half that verifies; of a secret, the secret.
    pub(crate) jwk: Value,
    /// The same in PEM, of a public key, where the peer writes that.
    pub(crate) pem: Option<String>,
    /// One for each set of claims.
    pub(crate) tokens: Vec<String>,
}

/// What a peer verifies with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum With<'a> {
    JwkSet(&'a str),
    Secret(&'a str),
}

/// A peer found that a token's signature is wrong.
#[derive(Debug)]
pub(crate) struct Forged;

impl Peer {
    /// Those that can be asked on this machine. The others are named in a line each; where `CI` is set, they fail the test.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let all = [Self::PyJwt, Self::NodeJose, Self::JoseCli];
        all.into_iter().filter(|peer| match peer.missing() {
            None => true,
            Some(missing) => {
                assert!(std::env::var_os("CI").is_none(), "{peer:?}: {missing}");
                eprintln!("{peer:?} was not asked: {missing}");
                false
            }
        })
    }

    fn missing(self) -> Option<String> {
        match self {
            Self::PyJwt => parts::python().err(),
            Self::NodeJose => parts::node().err(),
            Self::JoseCli => parts::jose().err(),
        }
    }

    /// Whether the peer has the algorithm: Debian's jose has no EdDSA.
    pub(crate) fn knows(self, algorithm: &str) -> bool {
        self != Self::JoseCli || algorithm != "EdDSA"
    }

    /// Has a key made and claims signed with it, all under one `kid`, or none. A secret may be given.
    pub(crate) fn make(
        self,
        algorithm: &str,
        secret: Option<&str>,
        kid: Option<&str>,
        claims: &[Value],
    ) -> Made {
        if self == Self::JoseCli {
            return jose_make(algorithm, secret, kid, claims);
        }
        let job = json!({ "do": "make", "alg": algorithm, "secret": secret, "kid": kid, "claims": claims });
        let made = self.ask(&job);
        let tokens = made["tokens"].as_array().unwrap().iter();
        Made {
            jwk: made["jwk"].clone(),
            pem: made["pem"].as_str().map(str::to_owned),
            tokens: tokens.map(|token| text(token).to_owned()).collect(),
        }
    }

    /// Has a token verified. The claims, or that it is forged; fails the test for any other reason to refuse it.
    pub(crate) fn verify(
        self,
        algorithm: &str,
        with: With<'_>,
        token: &str,
    ) -> Result<Value, Forged> {
        if self == Self::JoseCli {
            return jose_verify(algorithm, with, token);
        }
        let job = match with {
            With::JwkSet(jwks) => {
                json!({ "do": "verify", "alg": algorithm, "jwks": jwks, "token": token })
            }
            With::Secret(secret) => {
                json!({ "do": "verify", "alg": algorithm, "secret": secret, "token": token })
            }
        };
        let verified = self.ask(&job);
        match verified.get("forged") {
            Some(_) => Err(Forged),
            None => Ok(verified["claims"].clone()),
        }
    }

    /// The scripts come in as arguments, so that each finds its libraries from where it runs.
    fn ask(self, job: &Value) -> Value {
        let mut command = match self {
            Self::PyJwt => {
                let mut command = Command::new(parts::python().unwrap());
                command.args(["-c", include_str!("peer.py")]);
                command
            }
            _ => {
                let mut command = Command::new("node");
                command
                    .args(["--input-type=module", "--eval", include_str!("peer.mjs")])
                    .current_dir(parts::node().unwrap());
                command
            }
        };
        let answer = run(&mut command, &job.to_string()).unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn jose_make(algorithm: &str, secret: Option<&str>, kid: Option<&str>, claims: &[Value]) -> Made {
    let scratch = Scratch::new();
    let mut key = match secret {
        Some(secret) => json!({ "kty": "oct", "alg": algorithm, "k": jose_base64(secret) }),
        None => {
            let template = json!({ "alg": algorithm }).to_string();
            serde_json::from_str(&jose(&["jwk", "gen", "-i", &template], "").unwrap()).unwrap()
        }
    };
    let mut header = json!({ "alg": algorithm, "typ": "JWT" });
    if let Some(kid) = kid {
        key["kid"] = kid.into();
        header["kid"] = kid.into();
    }
    let path = scratch.write("key", &key.to_string());
    let header = json!({ "protected": header }).to_string();
    let sign = |claims: &Value| {
        let arguments = ["jws", "sig", "-I", "-", "-k", &path, "-s", &header, "-c"];
        jose(&arguments, &claims.to_string()).unwrap()
    };
    // Of a secret, there is no half that verifies.
    let jwk = match key["kty"] == "oct" {
        true => key,
        false => serde_json::from_str(&jose(&["jwk", "pub", "-i", &path], "").unwrap()).unwrap(),
    };
    Made {
        jwk,
        pem: None,
        tokens: claims.iter().map(sign).collect(),
    }
}

fn jose_verify(algorithm: &str, with: With<'_>, token: &str) -> Result<Value, Forged> {
    let key = match with {
        With::JwkSet(jwks) => jwks.to_owned(),
        With::Secret(secret) => {
            json!({ "kty": "oct", "alg": algorithm, "k": jose_base64(secret) }).to_string()
        }
    };
    let scratch = Scratch::new();
    let path = scratch.write("key", &key);
    match jose(&["jws", "ver", "-i", "-", "-k", &path, "-O", "-"], token) {
        Ok(claims) => Ok(serde_json::from_str(&claims).unwrap()),
        Err(complaint) if complaint.contains("Signature validation failed!") => Err(Forged),
        Err(complaint) => panic!("jose: {complaint}"),
    }
}

fn jose_base64(text: &str) -> String {
    jose(&["b64", "enc", "-I", "-"], text).unwrap()
}

fn jose(arguments: &[&str], input: &str) -> Result<String, String> {
    run(Command::new("jose").args(arguments), input).map(|text| text.trim().to_owned())
}

/// A directory for what `jose` reads from files.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("portcullis-interop-{process}-{count}");
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
