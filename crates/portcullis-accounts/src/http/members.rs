//! The members of a body, held to what the table says of them.

use std::fmt;

use http::StatusCode;
use portcullis_core::{Denial, Timestamp};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::route::{Body, Fields, Kind, Member};

/// Members that were checked: those that are there have the kind that the table says.
#[derive(Default)]
pub(crate) struct Members {
    members: Map<String, Value>,
    fields: Map<String, Value>,
}

impl Members {
    /// Reads a JSON object.
    ///
    /// # Errors
    ///
    /// 400 `invalid_json`; 422 `field_not_allowed` for members that nobody asked for, `invalid_field` for those of another kind and
    /// those that are missing.
    pub(super) fn read(bytes: &[u8], body: &Body) -> Result<Self, Denial> {
        let Object(all) = serde_json::from_slice(bytes).map_err(|error| invalid_json(&error))?;
        let (mut members, mut fields) = (Map::new(), Map::new());
        for (name, value) in all {
            match body.members.iter().any(|member| member.name == name) {
                true => members.insert(name, value),
                false => fields.insert(name, value),
            };
        }
        if body.profile == Fields::None {
            refuse(
                "field_not_allowed",
                fields.keys().map(|name| (name.as_str(), "not_allowed")),
            )?;
        }
        let faults = body
            .members
            .iter()
            .filter_map(|member| Some((member.name, fault(member, members.get(member.name))?)));
        refuse("invalid_field", faults)?;
        Ok(Self { members, fields })
    }

    /// Reads a query string, whose values are all text; unless the handler reads it itself.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(super) fn read_query(query: &str, expected: &[Member]) -> Result<Self, Denial> {
        if expected.iter().any(Member::is_further) {
            return Ok(Self::default());
        }
        let mut members = Map::new();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = expected.iter().find(|member| member.name == name);
            let Some(member) = known else {
                return refuse("field_not_allowed", [(name, "not_allowed")])
                    .map(|()| Self::default());
            };
            let value = decoded(value);
            let value = from_text(member.kind, value);
            if members.insert(name.to_owned(), value).is_some() {
                return refuse("invalid_field", [(name, "repeated")]).map(|()| Self::default());
            }
        }
        let faults = expected
            .iter()
            .filter_map(|member| Some((member.name, fault(member, members.get(member.name))?)));
        refuse("invalid_field", faults)?;
        Ok(Self {
            members,
            fields: Map::new(),
        })
    }

    /// A text; empty where it is not there, which the table rules out for required ones.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.maybe_text(name).unwrap_or_default()
    }

    /// A text, if it is there.
    pub(crate) fn maybe_text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// A secret text, which is wiped when it is dropped.
    pub(crate) fn secret(&self, name: &str) -> Zeroizing<String> {
        Zeroizing::new(self.text(name).to_owned())
    }

    /// Whether a member is there and true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.members
            .get(name)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// The same, if it is there.
    pub(crate) fn maybe_flag(&self, name: &str) -> Option<bool> {
        self.members.get(name)?.as_bool()
    }

    /// A number, if it is there.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.members.get(name)?.as_i64()
    }

    /// A moment, if it is there.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.maybe_text(name)?.parse().ok()
    }

    /// Texts, if they are there and not null.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let values = self.members.get(name)?.as_array()?.iter();
        Some(
            values
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect(),
        )
    }

    /// The collection's own fields.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        self.fields.clone()
    }
}

impl Drop for Members {
    /// Passwords and tokens do not stay behind.
    fn drop(&mut self) {
        for value in self.members.values_mut() {
            if let Value::String(text) = value {
                zeroize::Zeroize::zeroize(text);
            }
        }
    }
}

/// What a text in a query string says.
fn from_text(kind: Kind, text: String) -> Value {
    match kind {
        Kind::Integer { .. } => text.parse::<i64>().map_or(Value::from(text), Value::from),
        Kind::Boolean => text.parse::<bool>().map_or(Value::from(text), Value::from),
        _ => Value::from(text),
    }
}

fn fault(member: &Member, value: Option<&Value>) -> Option<&'static str> {
    let value = match value {
        None | Some(Value::Null) if member.required => return Some("required"),
        None => return None,
        Some(Value::Null) => return (!member.nullable).then_some("type"),
        Some(value) => value,
    };
    let fits = match (member.kind, value) {
        (Kind::Text | Kind::Secret | Kind::Email, value) => value.is_string(),
        (Kind::Boolean, value) => value.is_boolean(),
        (Kind::Integer { min, max }, value) => match value.as_i64() {
            Some(number) if (min..=max).contains(&number) => true,
            Some(_) => return Some("range"),
            None => false,
        },
        (Kind::Time, Value::String(text)) if text.parse::<Timestamp>().is_err() => {
            return Some("time");
        }
        (Kind::Time, value) => value.is_string(),
        (Kind::OneOf(options), Value::String(text)) if !options.contains(&text.as_str()) => {
            return Some("option");
        }
        (Kind::OneOf(_), value) => value.is_string(),
        (Kind::Texts, value) => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string)),
        (Kind::Further, _) => true,
    };
    (!fits).then_some("type")
}

fn refuse<'a>(
    code: &'static str,
    faults: impl IntoIterator<Item = (&'a str, &'static str)>,
) -> Result<(), Denial> {
    let mut faults = faults.into_iter().peekable();
    if faults.peek().is_none() {
        return Ok(());
    }
    let denial = Denial::new(StatusCode::UNPROCESSABLE_ENTITY, code)
        .with_detail("some members of the request are not accepted");
    // Nobody is helped by a list of a thousand.
    Err(faults.take(32).fold(denial, |denial, (name, fault)| {
        let shown: String = name.chars().take(64).collect();
        denial.with_field(shown, fault)
    }))
}

fn invalid_json(error: &serde_json::Error) -> Denial {
    Denial::new(StatusCode::BAD_REQUEST, "invalid_json").with_detail(format!(
        "the body is not one JSON object (line {}, column {})",
        error.line(),
        error.column()
    ))
}

/// `%41` and `+`, as forms write them; what is not UTF-8 then is replaced.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = tail
            .get(..2)
            .filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let hex =
            pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            (other, _) => {
                bytes.push(*other);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A JSON object in which no name stands twice: whoever reads the first of two and whoever reads the last would see two
/// different requests.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Object, A::Error> {
        let mut map = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if map.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a name stands twice"));
            }
        }
        Ok(Object(map))
    }
}
