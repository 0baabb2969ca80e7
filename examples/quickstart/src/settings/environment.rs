//! Environment variables. Every fault names the variable, and none repeats a value that may be a secret.

use std::env::VarError;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use portcullis::accounts::Profile;

use super::Stop;

/// Paths below `/api` that are the demo's own, or the service's.
const NOT_COLLECTIONS: [&str; 3] = ["posts", "whoami", "health"];

/// As long as the accounts allow.
const LONGEST_TOKEN_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// An environment variable; one that is empty counts as not set.
pub(super) fn variable(name: &str) -> Result<Option<String>, Stop> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Stop::Wrong(format!("{name} is not UTF-8"))),
    }
}

pub(super) fn parsed<T: FromStr<Err: Display>>(
    name: &str,
    text: Option<String>,
) -> Result<Option<T>, Stop> {
    let parse = |text: String| {
        text.parse()
            .map_err(|error| Stop::Wrong(format!("{name}: {error}")))
    };
    text.map(parse).transpose()
}

pub(super) fn parsed_variable<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>, Stop> {
    parsed(name, variable(name)?)
}

pub(super) fn switch(name: &str, unless_said: bool) -> Result<bool, Stop> {
    match variable(name)?.as_deref() {
        None => Ok(unless_said),
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(other) => Err(Stop::Wrong(format!(
            "{name} is {other:?}; it may be on or off"
        ))),
    }
}

pub(super) fn token_life(name: &str) -> Result<String, Stop> {
    let text = variable(name)?.unwrap_or_else(|| "15m".to_owned());
    let life = humantime::parse_duration(&text).ok();
    let is_usable = life.is_some_and(|life| life.as_secs() > 0 && life <= LONGEST_TOKEN_LIFE);
    match is_usable {
        true => Ok(text),
        false => Err(Stop::Wrong(format!(
            "{name} {text:?} is no duration such as 15m or 7d, between a second and 90 days"
        ))),
    }
}

/// Neither too short to be told nor so long that nobody lives to see it.
pub(super) fn rotate_every(name: &str) -> Result<Option<Duration>, Stop> {
    let Some(text) = variable(name)? else {
        return Ok(None);
    };
    let longest = Duration::from_secs(5 * 365 * 24 * 3600);
    let every = humantime::parse_duration(&text).ok();
    let every = every.filter(|every| every.as_secs() > 0 && *every <= longest);
    every.map(Some).ok_or_else(|| {
        Stop::Wrong(format!(
            "{name} {text:?} is no duration such as 90d, between a second and five years"
        ))
    })
}

pub(super) fn profile(name: &str) -> Result<Profile, Stop> {
    match variable(name)?.as_deref() {
        None | Some("strict") => Ok(Profile::Strict),
        Some("compat") => Ok(Profile::Compat),
        Some(other) => Err(Stop::Wrong(format!(
            "{name} is {other:?}; it may be strict or compat"
        ))),
    }
}

pub(super) fn collections(name: &str) -> Result<Vec<String>, Stop> {
    let text = variable(name)?.unwrap_or_else(|| "users".to_owned());
    let mut names: Vec<String> = Vec::new();
    for collection in text.split(',').map(str::trim) {
        if NOT_COLLECTIONS.contains(&collection) {
            return Err(Stop::Wrong(format!(
                "{name}: {collection:?} is a path of this server's own"
            )));
        }
        if !is_collection(collection) || names.iter().any(|known| known == collection) {
            return Err(Stop::Wrong(format!(
                "{name} {text:?} is no list of different names such as users,customers"
            )));
        }
        names.push(collection.to_owned());
    }
    Ok(names)
}

/// `[a-z][a-z0-9-]{0,31}`, as the accounts have it.
fn is_collection(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let mut bytes = name.bytes();
    name.len() <= 32
        && bytes.next().is_some_and(is_letter)
        && bytes.all(|byte| is_letter(byte) || byte.is_ascii_digit() || byte == b'-')
}
