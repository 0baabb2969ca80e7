//! What is secret on the way to a provider and back stands in no log, no audit trail, no mail and no `Debug`: AC-U2, ASVS 16.2.5.
#![cfg(feature = "oauth")]

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/oauth.rs"]
mod oauth;

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use portcullis_accounts::{Collection, OauthStart};
use portcullis_testkit::oauth::{Behaviour, Endpoint};
use tracing_subscriber::fmt::MakeWriter;

use crate::common::tokens;
use crate::oauth::{ADA, by_cookie, by_token, code_in, fresh_browser, parameter, stage_with};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One test in this file, for the subscriber is the whole process's.
#[tokio::test]
async fn nothing_secret_is_written_anywhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();

    let s = stage_with(Collection::new(), |builder| {
        builder.keep_provider_tokens(true)
    })
    .await;
    let mut written = String::new();
    let mut secrets = Vec::new();
    let mut browser = fresh_browser();
    for start in [by_token(), by_cookie()] {
        let start = OauthStart {
            code_challenge: None,
            ..start
        };
        write!(written, "{start:?}").unwrap();
        let started = browser
            .users(&s.h)
            .oauth_start("github", start)
            .await
            .unwrap();
        write!(written, "{started:?}").unwrap();
        browser.keep(&started.cookie);
        secrets
            .extend(["state", "code_challenge"].map(|name| parameter(&started.url, name).unwrap()));
        secrets.push(browser.cookies["__Host-oauth"].clone());
        let query = s.visit(&started.url).await;
        let back = s.back(&mut browser, "github", &query).await.unwrap();
        write!(written, "{back:?}").unwrap();
        if let Some(token) = code_in(&back.url) {
            let done = browser.users(&s.h).oauth_exchange(&token, None).await;
            write!(written, "{done:?}").unwrap();
            secrets.push(token);
        }
    }
    secrets.push(browser.cookies["__Host-session"].clone());
    let session = s.log_in("github").await.unwrap();
    let caller = s.h.caller(tokens(&session)).await.unwrap();
    let users = browser.users(&s.h);
    let linking = users.oauth_link(&caller, "discord", None).await.unwrap();
    let identities = users.identities(&caller).await.unwrap();
    let kept = users
        .provider_tokens(session.user.id, identities[0].id)
        .await
        .unwrap();
    write!(written, "{linking:?}{identities:?}{kept:?}").unwrap();
    assert!(!written.contains(ADA), "no address either: {written}");
    s.github.misbehave(Endpoint::Userinfo, Behaviour::page());
    s.round(&mut browser, "github", by_token()).await;
    secrets.extend(s.github.secrets());
    secrets.push("the client's secret".to_owned());

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a login by a provider failed"), "{log}");
    written.push_str(&log);
    for event in s.h.audit().await {
        write!(written, "{event:?} {:?} {:?}", event.detail, event.reason).unwrap();
    }
    for mail in s.h.sent().await {
        written.push_str(&mail.text);
    }
    assert!(secrets.len() > 10);
    for secret in secrets {
        assert!(!written.contains(&secret), "{secret}");
    }
}
