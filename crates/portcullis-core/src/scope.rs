use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::PermissionSet;
use crate::name_set::NameSet;

/// The scopes that a credential is restricted to, as OAuth 2.0 writes them (RFC 6749 §3.3).
///
/// A credential *without* scopes is not restricted; a credential with an *empty* set of scopes may do nothing. So
/// `AuthUser::scopes()` is an `Option<&Scopes>`, and the check to use is [`AuthUser::allows`](crate::AuthUser::allows).
///
/// ```
/// use portcullis_core::Scopes;
///
/// let scopes: Scopes = "read posts:write".parse().unwrap();
/// assert!(scopes.contains("read"));
/// assert_eq!(scopes.to_string(), "read posts:write");
/// assert!("re\"ad".parse::<Scopes>().is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Each scope reaches the permission of its own name.
    reach: PermissionSet,
}

impl Scopes {
    /// No scope at all: the credential may do nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Collects scope names; repetitions count once.
    ///
    /// # Errors
    ///
    /// If a name is empty or holds a character outside RFC 6749's `scope-token`: printable ASCII without space, `"` and `\`.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidScope> {
        Self::from_names(names.into_iter().collect::<Vec<_>>().into_iter())
    }

    fn from_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Result<Self, InvalidScope> {
        match names.clone().all(is_scope_token) {
            true => Ok(Self::from_tokens(names)),
            false => Err(InvalidScope(())),
        }
    }

    fn from_tokens<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        Self {
            reach: PermissionSet::of_names(NameSet::new(names)),
        }
    }

    pub(crate) fn reach(&self) -> &PermissionSet {
        &self.reach
    }

    /// Whether the set holds exactly this name; wildcards and [`ScopeMap`]s play no part.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.reach.names().contains_str(scope)
    }

    /// The names, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.reach.iter()
    }

    /// How many scopes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reach.names().len()
    }

    /// Whether there is no scope, so that the credential may do nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every scope here is also in `other`.
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.iter().all(|name| other.contains(name))
    }
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`, RFC 6749 §3.3.
fn is_scope_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_scope_byte)
}

fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

/// A scope name is empty or holds a character that RFC 6749 §3.3 does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidScope(());

impl fmt::Display for InvalidScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a scope is one or more printable ASCII characters without space, '\"' and '\\'",
        )
    }
}

impl std::error::Error for InvalidScope {}

impl std::str::FromStr for Scopes {
    type Err = InvalidScope;

    /// Reads names separated by spaces; an empty text gives no scope.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.bytes().all(|byte| byte == b' ' || is_scope_byte(byte)) {
            return Err(InvalidScope(()));
        }
        // By a closure: for names so short, the search for a single letter takes longer to set up.
        let is_space = |letter: char| letter == ' ';
        let names = text.split(is_space).filter(|name| !name.is_empty());
        Ok(Self::from_tokens(names))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, name) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reach.fmt(f)
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    /// Takes both forms in use: `"read write"` and `["read", "write"]`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScopesVisitor)
    }
}

struct ScopesVisitor;

impl<'de> Visitor<'de> for ScopesVisitor {
    type Value = Scopes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scopes as a text with spaces or as a list of texts")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Scopes, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Scopes, A::Error> {
        let mut names: Vec<String> = Vec::new();
        while let Some(name) = sequence.next_element()? {
            names.push(name);
        }
        Scopes::new(names.iter().map(String::as_str)).map_err(serde::de::Error::custom)
    }
}

/// What each scope stands for, where a scope's name is not itself the permission that it lets through.
///
/// A scope that is not in the map stands for the permission pattern of its own name. The map says nothing about what a user
/// *may*; it only says how far a credential *reaches*.
///
/// ```
/// use portcullis_core::{AuthUser, ScopeMap, SchemeName, Scopes};
///
/// // System A's table: a key with the scope `admin` may do all that its owner may.
/// let map = ScopeMap::new().scope("admin", ["*"]);
/// let user = AuthUser::builder(SchemeName::API_KEY, "u1")
///     .permissions(["read", "write"])
///     .scopes(Some("admin".parse().unwrap()))
///     .scope_map(&map)
///     .build();
/// assert!(user.allows("write") && user.may("write"));
/// assert!(!user.may("delete"), "a credential never gives more than its owner has");
/// ```
#[derive(Debug, Clone, Default)]
pub struct ScopeMap {
    reach: BTreeMap<Box<str>, Vec<Box<str>>>,
}

impl ScopeMap {
    /// A map in which every scope stands for its own name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says which permission patterns the scope lets through, *instead of* its own name.
    #[must_use]
    pub fn scope<'a>(mut self, scope: &str, patterns: impl IntoIterator<Item = &'a str>) -> Self {
        self.reach
            .insert(scope.into(), patterns.into_iter().map(Box::from).collect());
        self
    }

    pub(crate) fn reach(&self, scopes: &Scopes) -> PermissionSet {
        let patterns = scopes.iter().flat_map(|scope| match self.reach.get(scope) {
            Some(patterns) => patterns.iter().map(AsRef::as_ref).collect(),
            None => vec![scope],
        });
        PermissionSet::lenient(patterns.collect::<Vec<&str>>())
    }
}
