use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::mail::{Mail, MailError};

/// Tells out-of-office replies and other machines not to answer (RFC 3834 §5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The mail as it goes over the wire. Address and subject are encoded by what they are: a line break in one of them is
/// no line break of the header.
pub(super) fn message(from: &Mailbox, mail: &Mail) -> Result<Message, MailError> {
    let to: Address = mail
        .to
        .parse()
        .map_err(|_| MailError::never("the address cannot be written to"))?;
    let subject: String = mail.subject.chars().map(one_line).collect();
    let builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .message_id(Some(message_id(from)?))
        .header(AutoSubmitted);
    let text = mail.text.clone();
    let message = match &mail.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html.clone())),
        None => builder.singlepart(SinglePart::plain(text)),
    };
    message.map_err(|_| MailError::never("the mail cannot be written"))
}

fn one_line(letter: char) -> char {
    match letter.is_control() {
        true => ' ',
        false => letter,
    }
}

/// Random, at the sender's host: nothing of the machine's name.
fn message_id(from: &Mailbox) -> Result<String, MailError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| MailError::later("no randomness"))?;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("<{hex}@{}>", from.email.domain()))
}
