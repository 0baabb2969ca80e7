/// Where in a token's claims something stands: `roles`, or `realm_access.roles` for a member of a member.
///
/// A text is split at its dots, unless it is a URL, as some issuers name their claims (`https://example.com/roles`). For a name
/// with a dot in it, give the segments one by one: `ClaimPath::from(["resource_access", "my.client", "roles"])`.
///
/// The claims that a verifier reads itself cannot be the first segment: `exp`, `nbf`, `iat`, `iss`, `aud`, `sub`, `jti`, `sid`,
/// `token_use`, `typ`, `scope`, `scp`, `scopes`, `amr`, `auth_time`, `email`, `email_verified`. Such a path finds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath {
    segments: Box<[Box<str>]>,
}

impl ClaimPath {
    pub(crate) fn first(&self) -> Option<&str> {
        self.segments.first().map(AsRef::as_ref)
    }

    pub(crate) fn segments(&self) -> &[Box<str>] {
        &self.segments
    }
}

impl From<&str> for ClaimPath {
    fn from(path: &str) -> Self {
        match path.contains("://") {
            true => Self::from([path]),
            false => Self {
                segments: path.split('.').map(Box::from).collect(),
            },
        }
    }
}

impl<const N: usize> From<[&str; N]> for ClaimPath {
    fn from(segments: [&str; N]) -> Self {
        Self {
            segments: segments.into_iter().map(Box::from).collect(),
        }
    }
}
