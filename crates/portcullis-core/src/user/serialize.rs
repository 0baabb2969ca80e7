use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::AuthUser;

/// A sequence that can be walked more than once, for serde.
struct List<F>(F);

impl<'a, F, I> Serialize for List<F>
where
    F: Fn() -> I,
    I: Iterator<Item = &'a str>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl Serialize for AuthUser {
    /// An object in camelCase. Claims and the application's record are left out: they may hold what is not for everyone.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = &self.inner;
        let known = [
            inner.credential_id.is_some(),
            inner.session_id.is_some(),
            inner.scopes.is_some(),
            inner.email.is_some(),
            inner.authenticated_at.is_some(),
            inner.expires_at.is_some(),
        ];
        let members = 7 + known.iter().filter(|known| **known).count();
        let mut object = serializer.serialize_struct("AuthUser", members)?;
        object.serialize_field("id", self.id())?;
        object.serialize_field("collection", self.collection())?;
        object.serialize_field("scheme", self.scheme())?;
        object.serialize_field("roles", &List(|| self.roles()))?;
        object.serialize_field("permissions", &List(|| self.permissions()))?;
        object.serialize_field("amr", &List(|| self.amr()))?;
        object.serialize_field("verified", &inner.verified)?;
        optional(&mut object, "credentialId", &inner.credential_id)?;
        optional(&mut object, "sessionId", &inner.session_id)?;
        optional(&mut object, "scopes", &inner.scopes)?;
        optional(&mut object, "email", &inner.email)?;
        optional(&mut object, "authenticatedAt", &inner.authenticated_at)?;
        optional(&mut object, "expiresAt", &inner.expires_at)?;
        object.end()
    }
}

fn optional<S: SerializeStruct, T: Serialize>(
    object: &mut S,
    name: &'static str,
    value: &Option<T>,
) -> Result<(), S::Error> {
    match value {
        Some(value) => object.serialize_field(name, value),
        None => object.skip_field(name),
    }
}
