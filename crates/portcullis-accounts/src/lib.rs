//! The account system of Portcullis: register, verify, log in, refresh, change, reset, keys, sessions, administration.
#![doc = include_str!("../docs/overview.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accounts;
mod audit;
mod background;
mod builder;
mod demands;
mod devices;
mod door;
mod flow;
mod gate;
mod http;
mod layer;
mod ledger;
mod mail;
mod memory;
mod model;
mod networks;
mod noted_keys;
mod origin;
mod schemes;
mod secrets;
mod settings;
mod signing;
pub mod store;
mod theft;
mod token;
mod users;
mod vault;
mod view;

pub use self::accounts::Accounts;
pub use self::audit::EventSink;
pub use self::background::{Heard, RevocationFeed};
pub use self::builder::{AccountsBuilder, BuildError};
pub use self::flow::{
    Activated, AdminUpdate, Application, AuditPage, AuditRequest, Challenge, ChangePassword,
    CreatedKey, Credentials, EnrolledLogin, Enrolment, FinishLogin, KeyInfo, ListUsers, LoggedIn,
    LoggedOut, Login, Logout, Me, NewKey, NewUser, Proof, Reauthenticated, Register, Registered,
    SecondFactor, SecondFactorStatus, Session, SessionInfo, Tokens, UserPage,
};
#[cfg(feature = "oauth")]
pub use self::flow::{IdentityInfo, OauthReturn, OauthStart, OauthStarted};
pub use self::http::{AccountsFuture, AccountsService};
pub use self::layer::{AccountsAuthn, AccountsAuthnFuture, AccountsLayer};
pub use self::mail::{
    BuiltInTexts, CapturedMail, ConsoleMailer, EnglishTexts, GermanTexts, Letter, Mail, MailError,
    MailTexts, Mailer, Message, SentMail,
};
#[cfg(feature = "smtp")]
pub use self::mail::{SmtpMailer, SmtpSettingsError};
pub use self::memory::MemoryStore;
pub use self::model::{
    AuditEvent, AuditKind, AuditQuery, Delivery, EmailAddress, Factor, Family, Identity,
    InvalidEmail, InvalidId, KeyRow, Link, LinkPurpose, Outcome, ProfileData, QueuedMail, RecordId,
    StoredKey, StoredPassword, Ticket, TicketPurpose, User, UserQuery, UserRef,
};
pub use self::origin::Origin;
#[cfg(feature = "oauth")]
pub use self::settings::Linking;
pub use self::settings::{
    Collection, Field, FieldKind, Limits, Pages, ParentGrace, Profile, boolean, integer, number,
    select, text,
};
pub use self::signing::{KeyRotation, SigningKeysError};
pub use self::users::{Mode, Users};
pub use self::view::UserView;
