use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{Behaviour, ReceivedMail, Shared, Step};

/// Whether the conversation goes on.
type Next = io::Result<ControlFlow<()>>;

/// One connection.
pub(super) struct Conversation {
    stream: BufReader<TcpStream>,
    shared: Arc<Shared>,
    mail: ReceivedMail,
}

impl Conversation {
    pub(super) fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self {
            stream: BufReader::new(stream),
            shared,
            mail: ReceivedMail::default(),
        }
    }

    pub(super) async fn hold(mut self) -> io::Result<()> {
        let mut next = self.answer(Step::Greeting, "220 sink.invalid").await?;
        while next.is_continue() {
            let Some(line) = self.line().await? else {
                break;
            };
            self.shared.lock().commands.push(line.clone());
            next = self.obey(&line).await?;
        }
        Ok(())
    }

    async fn obey(&mut self, line: &str) -> Next {
        let verb = line.split([' ', ':']).next().unwrap_or_default();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                let offered = "250-sink.invalid\r\n250-8BITMIME\r\n250 SMTPUTF8";
                self.answer(Step::Hello, offered).await
            }
            "HELO" => self.answer(Step::Hello, "250 sink.invalid").await,
            "MAIL" => {
                self.mail = ReceivedMail::default();
                self.mail.from = path(line);
                self.answer(Step::Sender, "250 OK").await
            }
            "RCPT" => {
                self.mail.to.push(path(line));
                self.answer(Step::Recipient, "250 OK").await
            }
            "DATA" => self.take_data().await,
            "RSET" | "NOOP" => self.say("250 OK").await,
            "QUIT" => self.say("221 bye").await.map(|_| ControlFlow::Break(())),
            _ => self.say("502 not here").await,
        }
    }

    async fn take_data(&mut self) -> Next {
        let before = self.shared.lock().behaviour.clone();
        let next = self.answer(Step::Data, "354 go on").await?;
        if next.is_break() || matches!(before, Behaviour::Answer(Step::Data, ..)) {
            return Ok(next);
        }
        while let Some(line) = self.line().await? {
            if line == "." {
                return self.accept().await;
            }
            self.mail
                .data
                .push_str(line.strip_prefix('.').unwrap_or(&line));
            self.mail.data.push('\n');
        }
        Ok(ControlFlow::Break(()))
    }

    async fn accept(&mut self) -> Next {
        let mail = std::mem::take(&mut self.mail);
        let is_accepted = {
            let mut state = self.shared.lock();
            let is_accepted = !state.behaviour.is_at(Step::EndOfData);
            if is_accepted {
                state.messages.push(mail);
            }
            is_accepted
        };
        if is_accepted {
            self.shared.arrived.notify_waiters();
        }
        self.answer(Step::EndOfData, "250 OK").await
    }

    /// Answers as the test wants it at this step, or like this.
    async fn answer(&mut self, at: Step, usual: &str) -> Next {
        let behaviour = self.shared.lock().behaviour.clone();
        match behaviour {
            Behaviour::Answer(step, code, text) if step == at => {
                self.say(&format!("{code} {text}")).await
            }
            Behaviour::Stall(step) if step == at => std::future::pending().await,
            Behaviour::HangUp(step) if step == at => Ok(ControlFlow::Break(())),
            _ => self.say(usual).await,
        }
    }

    async fn say(&mut self, text: &str) -> Next {
        let line = format!("{text}\r\n");
        self.stream.get_mut().write_all(line.as_bytes()).await?;
        Ok(ControlFlow::Continue(()))
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        if self.stream.read_until(b'\n', &mut bytes).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.strip_suffix('\n').unwrap_or(&line);
        Ok(Some(line.strip_suffix('\r').unwrap_or(line).to_owned()))
    }
}

impl Behaviour {
    fn is_at(&self, at: Step) -> bool {
        match self {
            Self::Accept => false,
            Self::Answer(step, ..) | Self::Stall(step) | Self::HangUp(step) => *step == at,
        }
    }
}

/// What stands between the angle brackets.
fn path(line: &str) -> String {
    let path = line
        .split_once('<')
        .and_then(|(_, rest)| rest.rsplit_once('>'));
    path.map_or("", |(path, _)| path).to_owned()
}
