use std::fmt;

use super::{Mail, Message};

/// Puts messages into words.
pub trait MailTexts: fmt::Debug + Send + Sync + 'static {
    /// The mail that says this to this address, for a service of this name (which may be empty), in a language (a BCP 47 tag, such
    /// as `de`) if the user or the collection has one.
    fn write(&self, message: &Message, to: &str, service: &str, language: Option<&str>) -> Mail;
}

/// The texts in English.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnglishTexts;

impl MailTexts for EnglishTexts {
    fn write(&self, message: &Message, to: &str, _service: &str, _language: Option<&str>) -> Mail {
        let (subject, text) = words(message);
        Mail::new(to, message.kind(), subject, text)
    }
}

fn words(message: &Message) -> (&'static str, String) {
    match message {
        Message::VerifyEmail { link } => ("Confirm your e-mail address", format!("Open this page to confirm your e-mail address:\n\n{link}\n")),
        Message::AlreadyRegistered => ("You already have an account", "Somebody has tried to register with your address. You have an account already: log in, or ask for a new password.\n".to_owned()),
        Message::ResetPassword { link } => ("Set a new password", format!("Open this page to set a new password:\n\n{link}\n")),
        Message::NoPassword { .. } => ("Your account has no password", "A new password was asked for. You log in by other ways, so there is none to set.\n".to_owned()),
        Message::PasswordChanged => ("Your password was changed", "Your password was changed. If it was not you, set a new one now.\n".to_owned()),
        Message::ChangeEmail { link } => ("Confirm your new e-mail address", format!("Open this page to make this the address of your account:\n\n{link}\n")),
        Message::EmailInUse => ("Somebody has tried to use your address", "Somebody has tried to make your address theirs. Nothing was changed.\n".to_owned()),
        Message::EmailChanged { undo } => ("Your e-mail address was changed", format!("The address of your account was changed. If it was not you, open this page to undo it:\n\n{}\n", undo.as_deref().unwrap_or_default())),
        Message::AccountLocked => ("Your account is locked", "There were too many wrong passwords, so your account is locked.\n".to_owned()),
        Message::Unlock { link } => ("Unlock your account", format!("Open this page to unlock your account:\n\n{link}\n")),
        Message::LoginAfterFailures => ("A login after wrong passwords", "Somebody has logged in to your account after several wrong passwords. If it was not you, set a new password now.\n".to_owned()),
        Message::AccountDeleted => ("Your account was deleted", "Your account was deleted.\n".to_owned()),
    }
}
