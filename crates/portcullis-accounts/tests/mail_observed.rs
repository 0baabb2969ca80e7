//! What operators see of mail: that it fails and why, and nothing of whom it is for or what it says.
//!
//! One test, because the log and the counters are the whole process's.

mod common;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::{PASSWORD, SECRET, cheap_hasher};
use portcullis_accounts::{Accounts, Collection, Mail, MailError, Mailer, MemoryStore, Register};
use portcullis_password::HashPool;
use portcullis_testkit::ManualClock;
use tracing_subscriber::fmt::MakeWriter;

/// Fails in a way that repeats the address, as mail servers do.
#[derive(Debug, Clone, Default)]
struct Talkative {
    seen: Arc<Mutex<Vec<Mail>>>,
}

#[async_trait]
impl Mailer for Talkative {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.seen.lock().unwrap().push(mail.clone());
        let shouted = mail.to.to_uppercase();
        match mail.to.as_str() {
            "refused@example.com" => Err(MailError::never(format!(
                "550 no <{shouted}>, no {}",
                mail.to
            ))),
            "postponed@example.com" => Err(MailError::later(format!(
                "450 <{}>\nlater\u{1b}[31m",
                mail.to
            ))),
            "ünïcode@example.com" => Err(MailError::never(format!("553 {shouted} {}", mail.to))),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
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

fn listen() -> Log {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .init();
    log
}

#[tokio::test]
async fn failures_are_seen_and_nobody_is_named() {
    let log = listen();
    #[cfg(feature = "metrics")]
    let counters = {
        let recorder = metrics_util::debugging::DebuggingRecorder::new();
        let counters = recorder.snapshotter();
        recorder.install().unwrap();
        counters
    };
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    let mailer = Talkative::default();
    let accounts = Accounts::builder(store, mailer.clone(), "https://app.example")
        .collection("users", Collection::new())
        .jwt_secret(SECRET)
        .hash_pool(HashPool::new(cheap_hasher()).unwrap())
        .clock(clock.shared())
        .without_background()
        .build()
        .unwrap();
    for name in ["sent", "refused", "postponed", "ünïcode"] {
        let register = Register::new(format!("{name}@example.com"), PASSWORD);
        accounts.users().register(register).await.unwrap();
    }
    accounts.deliver_mail().await.unwrap();
    for _ in 0..30 {
        clock.advance(Duration::from_secs(3600));
        accounts.deliver_mail().await.unwrap();
    }
    accounts
        .users()
        .request_password_reset("sent@example.com")
        .await
        .unwrap();
    accounts
        .users()
        .request_password_reset("stranger@example.com")
        .await
        .unwrap();
    accounts.deliver_mail().await.unwrap();

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for event in [
        "a mail was sent",
        "a mail is tried again later",
        "a mail was refused for good",
        "a mail could not be sent while it was good for something",
        "550 no <***>, no ***",
        "kind=\"verify_email\"",
    ] {
        assert!(text.contains(event), "{event} is not in {text}");
    }
    for named in [
        "@example.com",
        "@EXAMPLE.COM",
        "stranger",
        "\u{1b}",
        PASSWORD,
        SECRET,
    ] {
        assert!(!text.contains(named), "{named} is in {text}");
    }
    for mail in mailer.seen.lock().unwrap().iter() {
        let token = mail
            .text
            .split_once("#token=")
            .and_then(|(_, rest)| rest.split_whitespace().next());
        let (_, secret) = token.unwrap().split_once('.').unwrap();
        assert!(!text.contains(secret));
    }
    #[cfg(feature = "metrics")]
    seen_in(&counters);
}

#[cfg(feature = "metrics")]
fn seen_in(counters: &metrics_util::debugging::Snapshotter) {
    let mut counts = std::collections::BTreeMap::new();
    for (key, _, _, value) in counters.snapshot().into_vec() {
        if key.key().name() == "portcullis_mails_total" {
            let outcome = key.key().labels().next().unwrap().value().to_owned();
            counts.insert(outcome, value);
        }
    }
    let count = |outcome: &str| match counts.get(outcome) {
        Some(metrics_util::debugging::DebugValue::Counter(count)) => *count,
        other => panic!("{outcome}: {other:?}"),
    };
    assert_eq!(
        (count("sent"), count("refused"), count("expired")),
        (2, 2, 1)
    );
    assert!(count("postponed") > 10);
}
