//! The mail server for tests, spoken to by hand.
#![cfg(feature = "smtp")]

use portcullis_testkit::smtp::{Behaviour, SmtpSink, Step};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

struct Client(BufReader<TcpStream>);

impl Client {
    async fn of(sink: &SmtpSink) -> Self {
        Self(BufReader::new(
            TcpStream::connect(sink.address()).await.unwrap(),
        ))
    }

    async fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    /// The last line of an answer; empty when the server has hung up.
    async fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    async fn ask(&mut self, text: &str) -> String {
        self.say(&format!("{text}\r\n")).await;
        self.hear().await
    }
}

#[tokio::test]
async fn keeps_mail_with_its_dots() {
    let sink = SmtpSink::start().await.unwrap();
    let mut client = Client::of(&sink).await;
    assert!(client.hear().await.starts_with("220 "));
    assert!(client.ask("EHLO me").await.starts_with("250 "));
    assert!(client.ask("STARTTLS").await.starts_with("502 "));
    assert!(
        client
            .ask("MAIL FROM:<a@example.com>")
            .await
            .starts_with("250 ")
    );
    assert!(
        client
            .ask("RCPT TO:<b@example.com> NOTIFY=NEVER")
            .await
            .starts_with("250 ")
    );
    assert!(client.ask("DATA").await.starts_with("354 "));
    client
        .say("Subject: one\r\n two\r\n\r\n..a line\r\n...\r\nend\r\n")
        .await;
    assert!(client.ask(".").await.starts_with("250 "));
    assert!(client.ask("QUIT").await.starts_with("221 "));
    let mails = sink.wait_for(1).await;
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_slice()),
        ("a@example.com", &["b@example.com".to_owned()][..])
    );
    assert_eq!(mails[0].data, "Subject: one\n two\n\n.a line\n..\nend\n");
    assert_eq!(mails[0].header("subject").as_deref(), Some("one two"));
    assert_eq!(
        (mails[0].header("to"), mails[0].count_headers("Subject")),
        (None, 1)
    );
    assert_eq!(sink.connections(), 1);
    assert_eq!(sink.commands()[0], "EHLO me");
}

#[tokio::test]
async fn refuses_and_hangs_up_where_it_is_told_to() {
    let sink = SmtpSink::start().await.unwrap();
    sink.behave(Behaviour::answer(Step::Recipient, 550));
    let mut client = Client::of(&sink).await;
    client.hear().await;
    client.ask("HELO me").await;
    client.ask("MAIL FROM:<a@example.com>").await;
    assert!(
        client
            .ask("RCPT TO:<b@example.com>")
            .await
            .starts_with("550 ")
    );
    sink.behave(Behaviour::answer(Step::Data, 451));
    assert!(client.ask("DATA").await.starts_with("451 "));
    // No mail follows, so this is a command again.
    assert!(client.ask("NOOP").await.starts_with("250 "));
    sink.behave(Behaviour::HangUp(Step::Sender));
    assert_eq!(client.ask("MAIL FROM:<a@example.com>").await, "");
    sink.behave(Behaviour::answer(Step::Greeting, 421));
    assert!(Client::of(&sink).await.hear().await.starts_with("421 "));
    assert!(sink.messages().is_empty());
}
