//! Mail: what is said, how it is queued, and who sends it.

mod captured;
mod console;
mod deliver;
mod health;
mod mailer;
mod message;
mod observe;
mod queue;
#[cfg(feature = "smtp")]
mod smtp;
mod texts;

pub use self::captured::{CapturedMail, SentMail};
pub use self::console::ConsoleMailer;
pub(crate) use self::deliver::deliver;
pub(crate) use self::health::Health;
pub use self::mailer::{Mail, MailError, Mailer};
pub use self::message::Message;
pub(crate) use self::queue::queue;
#[cfg(feature = "smtp")]
pub use self::smtp::{SmtpMailer, SmtpSettingsError};
pub use self::texts::{BuiltInTexts, EnglishTexts, GermanTexts, Letter, MailTexts};
