//! Picking roles, permissions and the collection out of the claims that the user named, in the same pass as all else.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::json::{Anything, Members, Names, Text};
use super::path::ClaimPath;

/// What is picked out of the claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Roles,
    Permissions,
    Collection,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Picked<'de> {
    pub(crate) roles: Names<'de>,
    pub(crate) permissions: Names<'de>,
    pub(crate) collection: Option<Names<'de>>,
}

impl<'de> Picked<'de> {
    fn put(&mut self, target: Target, names: Names<'de>) {
        match target {
            Target::Roles => self.roles = names,
            Target::Permissions => self.permissions = names,
            Target::Collection => self.collection = Some(names),
        }
    }
}

/// The paths of a verifier, each with what stands there. A bit for each says which of them a value may still lie on.
pub(crate) type Paths = [(ClaimPath, Target)];

/// Reads one value and picks from it.
pub(crate) struct Pick<'p, 'v, 'de> {
    paths: &'p Paths,
    /// The paths on which this value lies.
    on: u8,
    /// How many of their segments are behind us.
    depth: usize,
    picked: &'v mut Picked<'de>,
}

impl<'p, 'v, 'de> Pick<'p, 'v, 'de> {
    /// For a member of the claims themselves.
    pub(crate) fn start(paths: &'p Paths, name: &str, picked: &'v mut Picked<'de>) -> Self {
        let on = paths
            .iter()
            .enumerate()
            .filter(|(_, (path, _))| path.first() == Some(name))
            .fold(0, |on, (position, _)| on | 1 << position);
        Self {
            paths,
            on,
            depth: 1,
            picked,
        }
    }

    fn path(&self) -> impl Iterator<Item = (usize, &'p (ClaimPath, Target))> + use<'p> {
        let on = self.on;
        let all = self.paths.iter().enumerate();
        all.filter(move |(position, _)| on & (1 << position) != 0)
    }

    /// Those of the paths that go on with this member.
    fn towards(&self, name: &str) -> u8 {
        self.path()
            .filter(|(_, (path, _))| {
                path.segments()
                    .get(self.depth)
                    .is_some_and(|next| **next == *name)
            })
            .fold(0, |on, (position, _)| on | 1 << position)
    }

    /// Keeps the names for all paths that end here.
    fn end(self, names: &Names<'de>) {
        for (_, (path, target)) in self.path() {
            if path.segments().len() == self.depth {
                self.picked.put(*target, names.clone());
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Pick<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.on {
            0 => Anything.deserialize(deserializer),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Pick<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list of texts, or an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.end(&Names::Text(Text(text.into())));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.end(&Names::Text(Text(text.to_owned().into())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut names = Vec::new();
        while let Some(name) = sequence.next_element()? {
            names.push(name);
        }
        self.end(&Names::List(names));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            map.next_value_seed(Pick {
                paths: self.paths,
                on: self.towards(&name),
                depth: self.depth + 1,
                picked: &mut *self.picked,
            })?;
            members.push(name);
        }
        members.check()
    }
}
