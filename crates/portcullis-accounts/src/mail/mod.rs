//! Mail: what is said, how it is queued, and who sends it.

mod deliver;
mod mailer;
mod message;
mod queue;
mod texts;

pub(crate) use self::deliver::deliver;
pub use self::mailer::{Mail, MailError, Mailer};
pub use self::message::Message;
pub(crate) use self::queue::queue;
pub use self::texts::{EnglishTexts, MailTexts};
