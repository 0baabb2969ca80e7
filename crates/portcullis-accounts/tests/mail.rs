//! What mail says, in which language, and that nobody can put words into it.

use std::time::Duration;

use portcullis_accounts::{
    BuiltInTexts, CapturedMail, ConsoleMailer, EnglishTexts, GermanTexts, Letter, Mail, MailTexts,
    Mailer, Message,
};
use portcullis_core::Timestamp;
use portcullis_testkit::ManualClock;

const LINK: &str = "https://app.example/page#token=018f.secret";

fn messages() -> Vec<(Message, bool)> {
    let link = || LINK.to_owned();
    vec![
        (Message::VerifyEmail { link: link() }, true),
        (Message::AlreadyRegistered, false),
        (Message::ResetPassword { link: link() }, true),
        (
            Message::NoPassword {
                providers: vec!["Google".to_owned()],
                link: None,
            },
            false,
        ),
        (
            Message::NoPassword {
                providers: Vec::new(),
                link: Some(link()),
            },
            true,
        ),
        (Message::PasswordChanged, false),
        (Message::ChangeEmail { link: link() }, true),
        (Message::EmailInUse, false),
        (Message::EmailChanged { undo: Some(link()) }, true),
        (Message::EmailChanged { undo: None }, false),
        (Message::AccountLocked, false),
        (Message::Unlock { link: link() }, true),
        (Message::LoginAfterFailures, false),
        (Message::AccountDeleted, false),
        (Message::MfaEnabled, false),
        (Message::MfaDisabled, false),
        (Message::MfaLocked, false),
        (Message::RecoveryCodeUsed { left: 0 }, false),
        (Message::RecoveryCodeUsed { left: 1 }, false),
        (Message::RecoveryCodeUsed { left: 9 }, false),
        (Message::RecoveryCodesReplaced, false),
        (
            Message::IdentityLinked {
                provider: "Google".to_owned(),
            },
            false,
        ),
        (
            Message::IdentityUnlinked {
                provider: "Google".to_owned(),
            },
            false,
        ),
    ]
}

fn at() -> Timestamp {
    "2026-11-21T08:09:10Z".parse().unwrap()
}

fn write(message: &Message, service: &str, language: Option<&str>) -> Mail {
    let letter = Letter::new(message, "ada@example.com", at())
        .service(service)
        .language(language);
    BuiltInTexts.write(&letter)
}

/// Every mail has a subject, a text and a page; the link stands in both, to click on and to read.
#[test]
fn every_message_is_put_into_words() {
    for language in ["en", "de"] {
        let mut texts = Vec::new();
        for (message, has_link) in messages() {
            let mail = write(&message, "Acme", Some(language));
            let html = mail.html.as_deref().unwrap();
            assert!(mail.subject.starts_with("Acme: "), "{}", mail.subject);
            assert_eq!(
                (mail.to.as_str(), mail.kind),
                ("ada@example.com", message.kind())
            );
            assert_eq!(
                mail.text.lines().filter(|line| *line == LINK).count(),
                usize::from(has_link)
            );
            assert_eq!(
                html.matches(LINK).count(),
                2 * usize::from(has_link),
                "{html}"
            );
            assert!(html.contains(&format!("<html lang=\"{language}\">")));
            assert!(
                mail.text.contains("2026-11-21 08:09 UTC") && html.contains("2026-11-21 08:09 UTC")
            );
            assert!(mail.text.ends_with("— Acme\n"));
            texts.push((mail.subject, mail.text));
        }
        let all = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), all, "each says something of its own");
    }
}

/// Nothing in a mail is fetched from anywhere, and nothing runs.
#[test]
fn a_page_loads_nothing() {
    for (message, _) in messages() {
        let html = write(&message, "Acme", None).html.unwrap().to_lowercase();
        for sign in [
            "<img", "<script", "<link", "<style", "src=", "url(", "@import", "http://", "<iframe",
            "onclick",
        ] {
            assert!(!html.contains(sign), "{sign} in {html}");
        }
        let elsewhere = html.matches("https://").count() - html.matches(LINK).count();
        assert_eq!(elsewhere, 0);
    }
}

/// Whatever comes from settings or from a provider is text in HTML, and one line in a subject.
#[test]
fn everything_is_escaped() {
    let service = "<b>&\"A'\r\nBcc: eve@example.com";
    let mail = write(&Message::PasswordChanged, service, None);
    let html = mail.html.unwrap();
    assert!(html.contains("&lt;b&gt;&amp;&quot;A&#39;"), "{html}");
    assert!(!html.contains("<b>"));
    assert!(!mail.subject.contains(['\r', '\n']));
    let link = "https://app.example/\"><script>alert(1)</script>".to_owned();
    let html = write(&Message::VerifyEmail { link }, "", None)
        .html
        .unwrap();
    assert!(!html.contains("<script>"));
    let providers = vec!["<i>Google</i>".to_owned()];
    let html = write(
        &Message::NoPassword {
            providers,
            link: None,
        },
        "",
        None,
    )
    .html
    .unwrap();
    assert!(html.contains("&lt;i&gt;Google&lt;/i&gt;"));
}

/// A service without a name has no gaps in its mails.
#[test]
fn a_service_needs_no_name() {
    let mail = write(&Message::PasswordChanged, "", None);
    assert_eq!(mail.subject, "Your password was changed");
    assert!(
        mail.text.contains("of your account was changed"),
        "{}",
        mail.text
    );
    assert!(!mail.text.contains('—'));
}

/// The first subtag decides; what is not known is English.
#[test]
fn the_language_is_the_letters() {
    let german = GermanTexts
        .write(&Letter::new(&Message::PasswordChanged, "a@b.example", at()))
        .subject;
    let english = EnglishTexts
        .write(&Letter::new(&Message::PasswordChanged, "a@b.example", at()))
        .subject;
    assert_ne!(german, english);
    for tag in ["de", "DE", "de-AT", "de_CH", "de-DE-1996"] {
        assert_eq!(
            write(&Message::PasswordChanged, "", Some(tag)).subject,
            german
        );
    }
    for tag in [
        None,
        Some(""),
        Some("en"),
        Some("fr"),
        Some("den"),
        Some("x-de"),
    ] {
        assert_eq!(write(&Message::PasswordChanged, "", tag).subject, english);
    }
}

/// What was captured is there to be read, up to a bound, with the time at which it was sent.
#[tokio::test]
async fn captured_mail_is_bounded() {
    let clock = ManualClock::at(at());
    let mailer = CapturedMail::new()
        .with_capacity(3)
        .with_clock(clock.shared());
    for number in 0..5 {
        clock.advance(Duration::from_secs(1));
        let to = format!("user{number}@example.com");
        mailer
            .send(&Mail::new(to, "greeting", "Hello", "Hello!\n"))
            .await
            .unwrap();
    }
    let kept = mailer.all();
    assert_eq!(
        kept.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(),
        [
            "user2@example.com",
            "user3@example.com",
            "user4@example.com"
        ]
    );
    let json = serde_json::to_value(&kept[2]).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"to": "user4@example.com", "subject": "Hello", "text": "Hello!\n", "sentAt": "2026-11-21T08:09:15Z"})
    );
    assert_eq!(mailer.last_to("user3@example.com").unwrap(), kept[1]);
    assert_eq!(mailer.last_to("user0@example.com"), None);
    assert!(!format!("{mailer:?} {kept:?}").contains("example.com"));
    mailer.clear();
    assert!(mailer.all().is_empty());
}

/// What is printed can be kept as well.
#[tokio::test]
async fn printed_mail_can_be_captured() {
    let captured = CapturedMail::new();
    let mailer = ConsoleMailer::new().capture(captured.clone());
    mailer
        .send(&Mail::new(
            "ada@example.com",
            "greeting",
            "Hello",
            "Bell: \u{7}\n",
        ))
        .await
        .unwrap();
    assert_eq!(captured.all().len(), 1);
}

/// No `Debug` shows an address, a link or a text.
#[test]
fn nothing_is_shown_in_logs() {
    let message = Message::ResetPassword {
        link: LINK.to_owned(),
    };
    let letter = Letter::new(&message, "ada@example.com", at());
    let mail = BuiltInTexts.write(&letter);
    let shown = format!("{message:?} {letter:?} {mail:?}");
    assert!(
        !shown.contains("secret") && !shown.contains("ada@"),
        "{shown}"
    );
}
