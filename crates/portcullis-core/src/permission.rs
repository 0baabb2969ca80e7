use std::fmt;

use serde::{Serialize, Serializer};

use crate::name_set::{Name, NameSet};

/// A set of permissions, some of which may be patterns.
///
/// A permission is a name of segments, separated by `.` or `:`, such as `posts:write`. In a *granted* permission, a segment
/// `*` matches exactly one segment, a last segment `*` matches one segment or more, and `*` alone matches everything.
/// Matching is case-sensitive, and there is nothing else to it: no regular expressions, no `**`, no `post*`.
///
/// ```
/// use portcullis_core::PermissionSet;
///
/// let granted = PermissionSet::new(["posts:write", "documents.*", "api.*.read"]).unwrap();
/// assert!(granted.permits("documents.archive.read"));
/// assert!(granted.permits("api.v1.read"));
/// assert!(!granted.permits("documents"));
/// assert!(!granted.permits("documentsx.read"));
/// assert!(!granted.permits("Posts:write"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PermissionSet {
    names: NameSet,
    everything: bool,
    patterns: bool,
}

impl PermissionSet {
    /// No permission.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Collects permissions and patterns; repetitions count once.
    ///
    /// # Errors
    ///
    /// If one is empty, has an empty segment, holds white space or a control character, or has a `*` that is not a whole
    /// segment (`post*`), which would match nothing and so is a mistake.
    pub fn new<'a>(
        permissions: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidPermission> {
        let permissions: Vec<&str> = permissions.into_iter().collect();
        match permissions.iter().find(|permission| !is_valid(permission)) {
            Some(invalid) => Err(InvalidPermission((*invalid).to_owned())),
            None => Ok(Self::lenient(permissions)),
        }
    }

    /// Collects what a credential brought: names that are no permissions match nothing and do no harm.
    pub(crate) fn lenient<'a>(
        permissions: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
    ) -> Self {
        let usable = permissions
            .into_iter()
            .filter(|name| !name.contains(char::is_whitespace));
        Self::of_names(NameSet::new(usable))
    }

    /// Of names without white space.
    pub(crate) fn of_names(names: NameSet) -> Self {
        let has_star = names.has_byte(b'*');
        let everything = has_star && names.contains_str("*");
        let patterns = has_star && names.iter().any(is_pattern);
        Self {
            names,
            everything,
            patterns,
        }
    }

    /// Whether the set grants this permission. The empty permission is granted by nothing.
    #[must_use]
    pub fn permits(&self, permission: &str) -> bool {
        !permission.is_empty()
            && (self.everything
                || self.names.contains_str(permission)
                || self.matches_pattern(permission))
    }

    /// The same, for a name whose hash is known.
    pub(crate) fn permits_name(&self, permission: &Name) -> bool {
        !permission.as_str().is_empty()
            && (self.everything
                || self.names.contains(permission)
                || self.matches_pattern(permission.as_str()))
    }

    fn matches_pattern(&self, permission: &str) -> bool {
        self.patterns
            && self
                .names
                .iter()
                .any(|pattern| matches(pattern, permission))
    }

    pub(crate) fn names(&self) -> &NameSet {
        &self.names
    }

    /// The permissions and patterns, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.iter()
    }

    /// Whether nothing is granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.len() == 0
    }
}

/// The segments of a name, each with the separator before it, so that `a.b` and `a:b` differ.
fn segments(name: &str) -> impl Iterator<Item = (Option<char>, &str)> {
    let mut separator = None;
    name.split_inclusive(['.', ':'])
        .chain(name.ends_with(['.', ':']).then_some(""))
        .map(move |piece| {
            let before = separator;
            separator = piece
                .chars()
                .next_back()
                .filter(|last| matches!(last, '.' | ':'));
            (before, piece.trim_end_matches(['.', ':']))
        })
}

fn is_pattern(name: &str) -> bool {
    segments(name).any(|(_, segment)| segment == "*")
}

fn is_valid(name: &str) -> bool {
    segments(name)
        .all(|(_, segment)| !segment.is_empty() && (segment == "*" || !segment.contains('*')))
        && !name.contains(|c: char| c.is_whitespace() || c.is_control())
        && !name.is_empty()
}

fn matches(pattern: &str, permission: &str) -> bool {
    let mut wanted = segments(permission);
    let mut given = segments(pattern).peekable();
    while let Some((separator, segment)) = given.next() {
        let Some((wanted_separator, wanted_segment)) = wanted.next() else {
            return false;
        };
        if separator != wanted_separator
            || (segment != "*" && segment != wanted_segment)
            || wanted_segment.is_empty()
        {
            return false;
        }
        if segment == "*" && given.peek().is_none() {
            return true;
        }
    }
    wanted.next().is_none()
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.fmt(f)
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// A granted permission that could never match; the message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPermission(String);

impl fmt::Display for InvalidPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no permission: segments separated by '.' or ':', each a name or '*'",
            self.0
        )
    }
}

impl std::error::Error for InvalidPermission {}
