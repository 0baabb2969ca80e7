//! What is seen of logins: in the log, in `Debug`, and in errors.

use std::error::Error as _;
use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use portcullis_oauth::{Authorize, Callback, Provider};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::login::{
    ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REDIRECT, Stage, callback, code, tokens,
};
use crate::party::Answer;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Writer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

/// Listens to all of this process, whichever tests run beside this one.
fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
        let subscriber = subscriber.with_ansi(false).with_writer(|| Writer).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

fn log() -> String {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&log).into_owned()
}

#[track_caller]
fn shows_none_of(text: &str, secrets: &[&str]) {
    for secret in secrets {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        assert!(
            !text.contains(secret) && !text.contains(&encoded),
            "{secret} is in:\n{text}"
        );
    }
}

fn kept(pending: &portcullis_oauth::Pending) -> [String; 3] {
    let pending: Value = serde_json::to_value(pending).unwrap();
    ["state", "nonce", "verifier"].map(|name| pending[name].as_str().unwrap().to_owned())
}

/// Every kind of login, seen from the finest level on.
#[tokio::test]
async fn the_log_has_codes_and_no_secrets() {
    listen();
    let stage = Stage::with(|builder| builder.name("observed")).await;
    let authorization = stage.begin().await;
    let kept = kept(&authorization.pending);
    let id_token = stage.key.token(&stage.claims(&authorization));
    let exchanged = stage.end(&authorization, &id_token).await.unwrap();
    let said = json!({"error": "invalid_grant", "error_description": "the-providers-own-words"});
    let failed = stage.end_with(&authorization, Answer::json(&said)).await;
    assert_eq!(code(failed), "provider_error");
    let strange = Callback::from_query("code=a-strange-code&state=a-strange-state").unwrap();
    let refused = stage
        .provider
        .exchange(&authorization.pending, &strange)
        .await;
    assert_eq!(code(refused), "invalid_state");
    let log = log();
    for told in [
        "login at a provider succeeded",
        "provider=\"observed\"",
        "code=\"provider_error\"",
        "code=\"invalid_state\"",
        "invalid_grant",
    ] {
        assert!(log.contains(told), "{told} is missing in:\n{log}");
    }
    let [state, nonce, verifier] = kept.each_ref().map(String::as_str);
    let secrets = [
        state,
        nonce,
        verifier,
        &id_token,
        ACCESS_TOKEN,
        CLIENT_SECRET,
        "the-code",
        "a-strange-code",
        "a-strange-state",
        "the-providers-own-words",
        "ada@example.com",
    ];
    shows_none_of(&log, &secrets);
    let shown = format!(
        "{exchanged:?} {:#?} {:?}",
        exchanged.tokens, exchanged.profile
    );
    shows_none_of(&shown, &secrets);
    assert!(shown.contains("\"ada\""));
}

#[tokio::test]
async fn debug_shows_no_secrets() {
    let stage = Stage::new().await;
    let request = Authorize::new(REDIRECT).login_hint("ada@example.com");
    let authorization = stage
        .begin_with(request.clone().state("s".repeat(43)))
        .await;
    let kept = kept(&authorization.pending);
    let callback = callback(&authorization, "code=the-code");
    let builder = Provider::google(CLIENT_ID, CLIENT_SECRET);
    let shown = format!(
        "{:#?} {:#?} {callback:#?} {authorization:#?} {:#?} {builder:#?}",
        stage.provider,
        request.state("s".repeat(43)),
        authorization.pending,
    );
    let [state, nonce, verifier] = kept.each_ref().map(String::as_str);
    shows_none_of(
        &shown,
        &[
            state,
            nonce,
            verifier,
            CLIENT_SECRET,
            "the-code",
            "ada@example.com",
        ],
    );
}

/// An error can be shown to anybody; whoever looks after the machine finds the cause behind it.
#[tokio::test]
async fn an_error_tells_nothing_but_its_source_does() {
    let stage = Stage::new().await;
    let address = stage.party.url("");
    let builder = Provider::oidc("gone", "http://localhost:1", CLIENT_ID, CLIENT_SECRET);
    let gone = builder.with_insecure_http_for_loopback().build().unwrap();
    let error = gone.userinfo("an-access-token").await.unwrap_err();
    assert_eq!(error.code(), "provider_unreachable");
    let shown = format!("{error} {error:#?}");
    shows_none_of(
        &shown,
        &["localhost", "127.0.0.1", &address, "an-access-token"],
    );
    let source = error.source().unwrap();
    assert_eq!(source.to_string(), "no answer could be had");
    assert!(source.source().is_some());
}

/// v5.0.0-10.1.1: what a provider gave is in no address that a browser sees.
#[tokio::test]
async fn v5_0_0_10_1_1_the_browser_sees_no_token() {
    let stage = Stage::new().await;
    let first = stage.begin().await;
    let mut answer = tokens();
    answer["refresh_token"] = json!("a-refresh-token");
    let id_token = stage.key.token(&stage.claims(&first));
    answer["id_token"] = json!(id_token);
    stage.end_with(&first, Answer::json(&answer)).await.unwrap();
    let second = stage.begin().await;
    shows_none_of(
        &second.url,
        &[ACCESS_TOKEN, "a-refresh-token", &id_token, CLIENT_SECRET],
    );
}
