//! Reading JSON without trusting it: no member twice at any depth (RFC 8725 §2.4 warns of parsers that disagree), dates that are
//! numbers, texts that are borrowed wherever they have no escapes.

use std::borrow::Cow;
use std::fmt;

use portcullis_core::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// 9999-12-31T23:59:59Z. A date beyond is a mistake or an attack.
const LAST_SECOND: i64 = 253_402_300_799;

/// How many members are compared with each other; more are sorted.
const FEW: usize = 16;

/// A text, borrowed where it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// A `NumericDate` (RFC 7519 §2): a JSON number, whole or not, and nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NumericDate(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asking for a number, and not for anything, also keeps `arbitrary_precision` of serde_json out of the way.
        deserializer.deserialize_f64(NumericDateVisitor).map(Self)
    }
}

struct NumericDateVisitor;

impl Visitor<'_> for NumericDateVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970 as a number")
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Timestamp, E> {
        let seconds = i64::try_from(seconds).map_err(E::custom)?;
        self.visit_i64(seconds)
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Timestamp, E> {
        match (-LAST_SECOND..=LAST_SECOND).contains(&seconds) {
            true => Ok(Timestamp::from_unix_seconds(seconds)),
            false => Err(E::custom("a date out of range")),
        }
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Timestamp, E> {
        // Also false for NaN and infinities.
        match seconds.abs() <= LAST_SECOND as f64 {
            true => Ok(Timestamp::from_unix_millis(
                (seconds * 1000.0).floor() as i64
            )),
            false => Err(E::custom("a date out of range")),
        }
    }
}

/// The names of the members of one object, to find one that is there twice.
#[derive(Debug, Default)]
pub(crate) struct Members<'de> {
    names: Vec<Text<'de>>,
}

impl<'de> Members<'de> {
    pub(crate) fn push(&mut self, name: Text<'de>) {
        self.names.push(name);
    }

    pub(crate) fn check<E: Error>(mut self) -> Result<(), E> {
        let twice = match self.names.as_slice() {
            [] | [_] => false,
            few if few.len() <= FEW => {
                (1..few.len()).any(|position| few[..position].contains(&few[position]))
            }
            _ => {
                self.names.sort_unstable();
                self.names.windows(2).any(|pair| pair[0] == pair[1])
            }
        };
        match twice {
            true => Err(E::custom("a member is there twice")),
            false => Ok(()),
        }
    }
}

/// Any value that has no member twice, at any depth. Only looked at, not kept.
pub(crate) struct Anything;

impl<'de> DeserializeSeed<'de> for Anything {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key()? {
            members.push(name);
            map.next_value_seed(Self)?;
        }
        members.check()
    }
}

/// Names from a claim: one text, with spaces between them, or a list of texts.
#[derive(Debug, Clone)]
pub(crate) enum Names<'de> {
    Text(Text<'de>),
    List(Vec<Text<'de>>),
}

impl Default for Names<'_> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Names<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::List(list) if list.is_empty())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let (text, list) = match self {
            Self::Text(text) => (&**text, &[][..]),
            Self::List(list) => ("", list.as_slice()),
        };
        let words = text.split(' ').filter(|word| !word.is_empty());
        words.chain(list.iter().map(|name| &**name))
    }
}

impl<'de> Deserialize<'de> for Names<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Names<'de>, E> {
        Ok(Names::Text(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Names<'de>, E> {
        Ok(Names::Text(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Names<'de>, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = sequence.next_element()? {
            names.push(name);
        }
        Ok(Names::List(names))
    }
}

/// `true`, or the text `"true"`, which some issuers write; whatever else there is counts as `false`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form<'a> {
            Plain(bool),
            #[serde(borrow)]
            Text(Cow<'a, str>),
            Else(IgnoredAny),
        }
        Ok(Self(match Form::deserialize(deserializer)? {
            Form::Plain(flag) => flag,
            Form::Text(text) => text == "true",
            Form::Else(_) => false,
        }))
    }
}
