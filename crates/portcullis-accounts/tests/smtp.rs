//! Mail that is really sent, by SMTP.
#![cfg(feature = "smtp")]

mod common;
#[path = "common/python.rs"]
mod python;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::{PASSWORD, SECRET, cheap_hasher};
use portcullis_accounts::{Accounts, Mail, Mailer, MemoryStore, Register, SmtpMailer};
use portcullis_password::HashPool;
use portcullis_testkit::ManualClock;
use portcullis_testkit::smtp::{Behaviour, ReceivedMail, SmtpSink, Step};

const FROM: &str = "Acme <no-reply@acme.example>";

fn mailer(sink: &SmtpSink) -> SmtpMailer {
    SmtpMailer::from_url(&sink.url(), FROM).unwrap()
}

fn mail() -> Mail {
    Mail::new(
        "ada@example.com",
        "greeting",
        "Grüße",
        ".A line that begins with a dot\n\nÄ\n.\n",
    )
    .html("<p>Ä</p>\n")
}

/// The parts of a mail, decoded: quoted-printable and base64 undone.
fn decoded(mail: &ReceivedMail) -> String {
    use base64::Engine as _;
    let boundary = mail.header("content-type").and_then(|kind| {
        let (_, rest) = kind.split_once("boundary=\"")?;
        Some(format!("--{}", rest.split('"').next()?))
    });
    let boundary = boundary.unwrap_or_else(|| "no boundary".to_owned());
    let mut text = String::new();
    for part in mail.data.split(&boundary).skip(1) {
        let (head, body) = part.split_once("\n\n").unwrap_or(("", part));
        let head = head.to_lowercase();
        if head.contains("base64") {
            let letters: String = body.split_whitespace().collect();
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(letters)
                .unwrap();
            text.push_str(&String::from_utf8(bytes).unwrap());
        } else if head.contains("quoted-printable") {
            text.push_str(&quoted_printable(body));
        } else {
            text.push_str(body);
        }
    }
    text
}

fn quoted_printable(body: &str) -> String {
    let body = body.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        match (first, more.get(..2)) {
            (b'=', Some(hex)) => {
                let hex = std::str::from_utf8(hex).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
                rest = &more[2..];
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let sink = SmtpSink::start().await.unwrap();
    mailer(&sink).send(&mail()).await.unwrap();
    let received = &sink.wait_for(1).await[0];
    assert_eq!(
        (received.from.as_str(), received.to.as_slice()),
        ("no-reply@acme.example", &["ada@example.com".to_owned()][..])
    );
    assert_eq!(
        received.header("from").as_deref(),
        Some("Acme <no-reply@acme.example>")
    );
    assert_eq!(received.header("to").as_deref(), Some("ada@example.com"));
    assert_eq!(
        received.header("auto-submitted").as_deref(),
        Some("auto-generated")
    );
    assert!(
        received
            .header("message-id")
            .unwrap()
            .ends_with("@acme.example>")
    );
    assert!(received.header("date").is_some());
    assert!(received.header("subject").unwrap().starts_with("=?utf-8?"));
    let text = decoded(received);
    assert!(
        text.contains(".A line that begins with a dot") && text.contains("Ä\n.\n"),
        "{text}"
    );
    assert!(text.contains("<p>Ä</p>"));
}

/// Nothing that a mail holds becomes a field of its header, or a second recipient.
#[tokio::test]
async fn no_header_can_be_injected() {
    let sink = SmtpSink::start().await.unwrap();
    let mailer = mailer(&sink);
    for subject in [
        "Hi\r\nBcc: eve@example.com",
        "Hi\nBcc: eve@example.com",
        "Hi\r\n\r\nnew body",
        "Hi\0\u{85}\u{2028}Bcc: x",
    ] {
        mailer
            .send(&Mail::new("ada@example.com", "greeting", subject, "Hello"))
            .await
            .unwrap();
    }
    for received in sink.wait_for(4).await {
        assert_eq!(received.to, ["ada@example.com"]);
        assert_eq!(
            (
                received.count_headers("bcc"),
                received.count_headers("subject")
            ),
            (0, 1)
        );
    }
    let addresses = [
        "ada@example.com\r\nRCPT TO:<eve@example.com>",
        "ada@example.com>\r\nDATA",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
        "ada@example.com\0",
        "",
    ];
    for to in addresses {
        let refused = mailer
            .send(&Mail::new(to, "greeting", "Hi", "Hello"))
            .await
            .unwrap_err();
        assert!(refused.is_permanent(), "{to:?}");
    }
    assert_eq!(sink.messages().len(), 4);
    assert!(
        !sink
            .commands()
            .iter()
            .any(|command| command.contains("eve@"))
    );
}

/// What concerns the address is final; everything else is tried again. No answer of the server is passed on.
#[tokio::test]
async fn refusals_are_told_apart() {
    let sink = SmtpSink::start().await.unwrap();
    let cases = [
        (Step::Recipient, 550, true),
        (Step::Recipient, 553, true),
        (Step::Recipient, 450, false),
        (Step::Recipient, 552, false),
        (Step::Sender, 530, false),
        (Step::Data, 451, false),
        (Step::EndOfData, 554, false),
        (Step::EndOfData, 452, false),
        (Step::Greeting, 421, false),
        (Step::Hello, 500, false),
    ];
    for (step, code, is_final) in cases {
        sink.behave(Behaviour::Answer(
            step,
            code,
            "<ada@example.com> is not welcome".to_owned(),
        ));
        let error = mailer(&sink).send(&mail()).await.unwrap_err();
        assert_eq!(error.is_permanent(), is_final, "{step:?} {code}: {error}");
        assert!(!error.to_string().contains("ada@"), "{error}");
    }
    assert!(sink.messages().is_empty());
    for step in [Step::Greeting, Step::Recipient, Step::EndOfData] {
        sink.behave(Behaviour::HangUp(step));
        assert!(
            !mailer(&sink)
                .send(&mail())
                .await
                .unwrap_err()
                .is_permanent()
        );
    }
}

/// A connection is used for many mails, and a new one is made where the server has hung up in between.
#[tokio::test]
async fn connections_are_kept_and_made_anew() {
    let sink = SmtpSink::start().await.unwrap();
    let mailer = mailer(&sink);
    for _ in 0..5 {
        mailer.send(&mail()).await.unwrap();
    }
    assert_eq!(sink.connections(), 1);
    sink.behave(Behaviour::HangUp(Step::Sender));
    assert!(mailer.send(&mail()).await.is_err());
    sink.behave(Behaviour::Accept);
    mailer.send(&mail()).await.unwrap();
    assert_eq!(sink.messages().len(), 6);
}

/// A server that says nothing is given up, and what it has kept waiting is tried again.
#[tokio::test]
async fn a_server_that_stalls_keeps_no_other_mail_waiting() {
    let sink = SmtpSink::start().await.unwrap();
    let mailer = Arc::new(mailer(&sink));
    sink.behave(Behaviour::Stall(Step::Recipient));
    let stalled = tokio::spawn({
        let mailer = Arc::clone(&mailer);
        async move { mailer.send(&mail()).await }
    });
    while !sink
        .commands()
        .iter()
        .any(|command| command.starts_with("RCPT"))
    {
        tokio::task::yield_now().await;
    }
    sink.behave(Behaviour::Accept);
    mailer.send(&mail()).await.unwrap();
    assert_eq!(sink.wait_for(1).await.len(), 1);
    stalled.abort();
}

/// Whoever gives a conversation up ends it: no later mail hears the answers that were meant for this one.
#[tokio::test]
async fn a_conversation_that_was_given_up_is_not_taken_up_again() {
    let sink = SmtpSink::start().await.unwrap();
    let mailer = mailer(&sink);
    mailer.send(&mail()).await.unwrap();
    for (step, verb) in [
        (Step::Sender, "MAIL"),
        (Step::Recipient, "RCPT"),
        (Step::Data, "DATA"),
    ] {
        let (said, connections) = (said(&sink, verb), sink.connections());
        sink.behave(Behaviour::Stall(step));
        let sending = tokio::spawn({
            let mailer = mailer.clone();
            async move { mailer.send(&mail()).await }
        });
        while self::said(&sink, verb) == said {
            tokio::task::yield_now().await;
        }
        sending.abort();
        assert!(sending.await.unwrap_err().is_cancelled());
        sink.behave(Behaviour::Accept);
        mailer.send(&mail()).await.unwrap();
        assert_eq!(sink.connections(), connections + 1, "{step:?}");
    }
    assert_eq!(sink.messages().len(), 4);
}

/// How often clients have said this.
fn said(sink: &SmtpSink, verb: &str) -> usize {
    let commands = sink.commands();
    commands
        .iter()
        .filter(|command| command.starts_with(verb))
        .count()
}

/// The server offers no STARTTLS: neither the password nor the mail is said.
#[tokio::test]
async fn what_is_to_be_protected_is_not_said_in_the_clear() {
    let sink = SmtpSink::start().await.unwrap();
    let host = sink.address();
    for url in [
        format!("smtp://user:pass@{host}?tls=required"),
        format!("smtps://user:pass@{host}"),
    ] {
        let mailer = SmtpMailer::from_url(&url, FROM).unwrap();
        // A server that waits for a line, and a client that waits for TLS, would wait for 20 seconds.
        let sent = tokio::time::timeout(Duration::from_secs(2), mailer.send(&mail())).await;
        assert!(sent.is_err() || sent.unwrap().is_err());
    }
    let said = sink.commands().join("\n");
    assert!(
        !said.contains("AUTH") && !said.contains("MAIL") && !said.contains("pass"),
        "{said}"
    );
    assert!(sink.messages().is_empty());
}

/// Mail in the clear stays on this machine, unless danger is asked for by name.
#[tokio::test]
async fn settings_are_checked() {
    let good = [
        "smtps://mail.example",
        "smtps://user:p%40ss@mail.example:465",
        "smtp://mail.example?tls=required",
        "smtp://user:pass@mail.example:587?tls=required",
        "smtp://localhost:25",
        "smtp://127.0.0.1:2525",
        "smtp://[::1]:2525",
    ];
    for url in good {
        assert!(SmtpMailer::from_url(url, FROM).is_ok(), "{url}");
    }
    let bad = [
        "smtp://mail.example",
        "smtp://user:hidden@mail.example:587",
        "smtp://mail.example?tls=opportunistic",
        "smtp://localhost.evil.example",
        "smtp://127.0.0.1.evil.example",
        "smtp://localhost?tls=opportunistic",
        "smtp://mail.example?tls=required&tls=none",
        "smtps://user@mail.example",
        "smtps://mail.example?tls=none",
        "http://mail.example",
        "mail.example:25",
        "smtp://",
        "",
    ];
    for url in bad {
        let error = SmtpMailer::from_url(url, FROM).unwrap_err();
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
    for from in [
        "",
        "no address",
        "a@b@c",
        "Acme <no-reply@acme.example>\r\nBcc: eve@example.com",
    ] {
        assert!(
            SmtpMailer::from_url("smtps://mail.example", from).is_err(),
            "{from:?}"
        );
    }
    let plain =
        SmtpMailer::with_insecure_plaintext("smtp://user:hidden@mail.example", FROM).unwrap();
    assert!(!format!("{plain:?}").contains("hidden"));
}

/// From registering to the mailbox, with the server down in between.
#[tokio::test]
async fn a_registration_reaches_the_mailbox() {
    let sink = SmtpSink::start().await.unwrap();
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    let accounts = Accounts::builder(store, mailer(&sink), "https://app.example")
        .jwt_secret(SECRET)
        .service_name("Acme")
        .hash_pool(HashPool::new(cheap_hasher()).unwrap())
        .clock(clock.shared())
        .without_background()
        .build()
        .unwrap();
    let users = accounts.users();
    users
        .register(Register::new("ada@example.com", PASSWORD))
        .await
        .unwrap();
    sink.behave(Behaviour::answer(Step::Greeting, 421));
    assert_eq!(accounts.deliver_mail().await.unwrap(), 0);
    sink.behave(Behaviour::Accept);
    clock.advance(Duration::from_secs(10));
    assert_eq!(accounts.deliver_mail().await.unwrap(), 1);
    let text = decoded(&sink.messages()[0]);
    let (_, rest) = text
        .split_once("https://app.example/verify-email#token=")
        .expect("no link");
    let token = rest.split_whitespace().next().unwrap();
    assert!(users.verify_email(token, None).await.unwrap().verified);
}

/// A server of another make understands us: PyPI's aiosmtpd.
#[tokio::test]
async fn aiosmtpd_understands_us() {
    let Some(mut server) = python::aiosmtpd("plain", Path::new("")) else {
        return;
    };
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let mailer = SmtpMailer::from_url(&url, FROM).unwrap();
    mailer.send(&mail()).await.unwrap();
    let seen = server.mail();
    assert_eq!(seen["from"], "no-reply@acme.example");
    assert_eq!(seen["to"], serde_json::json!(["ada@example.com"]));
    assert_eq!(seen["subject"], "Grüße");
    assert_eq!(seen["plain"], ".A line that begins with a dot\n\nÄ\n.\n");
    assert_eq!(seen["html"], "<p>Ä</p>\n");
    assert_eq!((&seen["defects"], &seen["tls"]), (&0.into(), &false.into()));
}

/// TLS from the start and by STARTTLS, with name and password, against a certificate that is trusted, and against one that is not.
#[tokio::test]
async fn mail_goes_over_tls_to_a_server_that_can_be_trusted() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let root = certificate.cert.pem();
    let pem =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("smtp-{}.pem", std::process::id()));
    fs::write(
        &pem,
        format!("{root}{}", certificate.signing_key.serialize_pem()),
    )
    .unwrap();
    for (mode, scheme, query) in [("tls", "smtps", ""), ("starttls", "smtp", "?tls=required")] {
        let Some(mut server) = python::aiosmtpd(mode, &pem) else {
            break;
        };
        let url = |user: &str| format!("{scheme}://{user}@localhost:{}{query}", server.port);
        let mailer = SmtpMailer::trusting(&url("ada:p%40ss"), FROM, root.as_bytes()).unwrap();
        let stranger = SmtpMailer::from_url(&url("ada:p%40ss"), FROM).unwrap();
        let wrong = SmtpMailer::trusting(&url("ada:wrong"), FROM, root.as_bytes()).unwrap();
        mailer.send(&mail()).await.unwrap();
        assert_eq!(server.mail()["tls"], true);
        assert!(
            !stranger.send(&mail()).await.unwrap_err().is_permanent(),
            "not trusted"
        );
        let refused = wrong.send(&mail()).await.unwrap_err();
        assert!(
            !refused.is_permanent() && refused.to_string().contains("535"),
            "{refused}"
        );
    }
    let _ = fs::remove_file(pem);
    assert!(SmtpMailer::trusting("smtps://localhost", FROM, b"no certificate").is_err());
}
