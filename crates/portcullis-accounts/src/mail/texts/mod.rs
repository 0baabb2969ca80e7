//! Messages put into words.

mod english;
mod german;
mod page;

use std::fmt;

use portcullis_core::Timestamp;

use self::page::{Page, Tongue};
use super::{Mail, Message};

/// Puts messages into words.
///
/// An application that wants words of its own for some of them leaves the others to [`BuiltInTexts`]:
///
/// ```
/// use portcullis_accounts::{BuiltInTexts, Letter, Mail, MailTexts, Message};
///
/// #[derive(Debug)]
/// struct OurTexts;
///
/// impl MailTexts for OurTexts {
///     fn write(&self, letter: &Letter<'_>) -> Mail {
///         match letter.message {
///             Message::ResetPassword { link } => Mail::new(
///                 letter.to,
///                 letter.message.kind(),
///                 "A new password for Acme",
///                 format!("Forgotten it? It happens to all of us.\n\n{link}\n"),
///             ),
///             _ => BuiltInTexts.write(letter),
///         }
///     }
/// }
/// ```
///
/// What strangers can choose has no place in a mail, or they could have it say what they like to whom they like: no name from a
/// profile, no `User-Agent`, no address of anybody else.
pub trait MailTexts: fmt::Debug + Send + Sync + 'static {
    /// The mail that says this.
    fn write(&self, letter: &Letter<'_>) -> Mail;
}

/// What is to be put into words, and what is known besides.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Letter<'a> {
    /// What is to be said.
    pub message: &'a Message,
    /// To which address.
    pub to: &'a str,
    /// By which service; empty where it was given no name.
    pub service: &'a str,
    /// In which language: a BCP 47 tag such as `de`, if the user or the collection has one.
    pub language: Option<&'a str>,
    /// When that happened of which the mail tells; the mail may be sent later.
    pub at: Timestamp,
}

impl<'a> Letter<'a> {
    /// This message, of this moment, to this address: by a service without a name, in no particular language.
    #[must_use]
    pub fn new(message: &'a Message, to: &'a str, at: Timestamp) -> Self {
        Self {
            message,
            to,
            service: "",
            language: None,
            at,
        }
    }

    /// By this service.
    #[must_use]
    pub fn service(mut self, name: &'a str) -> Self {
        self.service = name;
        self
    }

    /// In this language.
    #[must_use]
    pub fn language(mut self, tag: Option<&'a str>) -> Self {
        self.language = tag;
        self
    }
}

impl fmt::Debug for Letter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("message", &self.message)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// The texts that come with this crate, in the language of each letter: English and German so far, English for all others.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuiltInTexts;

impl MailTexts for BuiltInTexts {
    fn write(&self, letter: &Letter<'_>) -> Mail {
        let tag = letter.language.unwrap_or_default();
        match primary_subtag(tag).eq_ignore_ascii_case("de") {
            true => GermanTexts.write(letter),
            false => EnglishTexts.write(letter),
        }
    }
}

/// The texts in English, whatever language a letter asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnglishTexts;

impl MailTexts for EnglishTexts {
    fn write(&self, letter: &Letter<'_>) -> Mail {
        mail(letter, &english::TONGUE)
    }
}

/// The texts in German, whatever language a letter asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct GermanTexts;

impl MailTexts for GermanTexts {
    fn write(&self, letter: &Letter<'_>) -> Mail {
        mail(letter, &german::TONGUE)
    }
}

fn mail(letter: &Letter<'_>, tongue: &Tongue) -> Mail {
    let page = Page::new(letter, tongue);
    let kind = letter.message.kind();
    Mail::new(letter.to, kind, page.subject(), page.text()).html(page.html())
}

/// What a tag begins with (RFC 5646 §2.2.1): `de` of `de-AT`.
fn primary_subtag(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or_default()
}

/// Date and time to the minute: `2026-11-21 08:00 UTC`.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let minutes = text.get(..16).unwrap_or(&text);
    format!("{} UTC", minutes.replace('T', " "))
}
