//! A session as Redis keeps it: a line of numbers, the login, and the rest of the data.

use std::collections::HashMap;

use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::tower_sessions::session_store::{Error, Result};
use portcullis_session::{AUTH_KEY, AuthMark, AuthRecord};
use serde_json::Value;
use time::OffsetDateTime;

/// What is kept of a live session.
pub(super) struct Row {
    /// The earlier of the session's own end and that of the login in it, in milliseconds since 1970.
    pub(super) ends_at: i64,
    /// The login, as it stands under [`AUTH_KEY`]; empty if nobody is logged in.
    pub(super) login: String,
    /// The data as JSON, without the login.
    data: String,
}

/// What Redis answers that this version has not written.
const NONSENSE: &str = "a session cannot be read";

impl Row {
    /// The record with this login in place of whatever it says itself.
    pub(super) fn of(record: &Record, login: Option<&AuthRecord>) -> Result<Self> {
        let own_end = millis(record.expiry_date);
        let end_of_login = login.map(|login| login.expires_at().unix_millis());
        Ok(Self {
            data: without_login(&record.data)?,
            login: login.map(text_of).transpose()?.unwrap_or_default(),
            ends_at: end_of_login.map_or(own_end, |end| own_end.min(end)),
        })
    }

    /// The format's number, the end and the length of the login in a line; then login and data. The scripts read it as well.
    pub(super) fn to_text(&self) -> String {
        let Self {
            ends_at,
            login,
            data,
        } = self;
        format!("1 {ends_at} {}\n{login}{data}", login.len())
    }

    /// A row, or the beginning of one up to the end of the login.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let unreadable = || Error::Decode(String::from(NONSENSE));
        let (line, rest) = text.split_once('\n').ok_or_else(unreadable)?;
        let mut numbers = line.strip_prefix("1 ").ok_or_else(unreadable)?.split(' ');
        let mut number = || numbers.next()?.parse::<i64>().ok();
        let (ends_at, length) = number().zip(number()).ok_or_else(unreadable)?;
        let length = usize::try_from(length).map_err(|_| unreadable())?;
        let (login, data) = rest.split_at_checked(length).ok_or_else(unreadable)?;
        Ok(Self {
            ends_at,
            login: login.to_owned(),
            data: data.to_owned(),
        })
    }

    pub(super) fn login(&self) -> Option<AuthRecord> {
        login_in(&self.login)
    }

    pub(super) fn into_record(self, id: Id) -> Result<Record> {
        let mut record = Record {
            id,
            data: serde_json::from_str(&self.data).map_err(|error| undecodable(&error))?,
            expiry_date: date(self.ends_at),
        };
        if !self.login.is_empty() {
            let login = Value::String(self.login);
            record.data.insert(AUTH_KEY.to_owned(), login);
        }
        Ok(record)
    }
}

/// The login that a text holds; none where it cannot be read, as everywhere.
pub(super) fn login_in(text: &str) -> Option<AuthRecord> {
    if text.is_empty() {
        return None;
    }
    let mut scratch = scratch();
    scratch.data.insert(AUTH_KEY.to_owned(), Value::from(text));
    AuthMark::of(&scratch).into_login()
}

pub(super) fn text_of(login: &AuthRecord) -> Result<String> {
    let mut scratch = scratch();
    AuthMark::write(Some(login), &mut scratch);
    match scratch.data.remove(AUTH_KEY) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Error::Encode(String::from("the login cannot be written"))),
    }
}

/// A record to read a login from, or to have one written to.
fn scratch() -> Record {
    Record {
        id: Id(0),
        data: HashMap::new(),
        expiry_date: OffsetDateTime::UNIX_EPOCH,
    }
}

fn without_login(data: &HashMap<String, Value>) -> Result<String> {
    let rest: HashMap<_, _> = data.iter().filter(|(key, _)| *key != AUTH_KEY).collect();
    serde_json::to_string(&rest).map_err(|error| Error::Encode(error.to_string()))
}

/// Where it is in the text is said, the text is not.
fn undecodable(error: &serde_json::Error) -> Error {
    Error::Decode(format!("{NONSENSE}, at column {}", error.column()))
}

fn millis(date: OffsetDateTime) -> i64 {
    let millis = date.unix_timestamp_nanos() / 1_000_000;
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// A moment as tower-sessions writes it; what lies outside its calendar is put at its edge.
fn date(millis: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::milliseconds(millis))
}
