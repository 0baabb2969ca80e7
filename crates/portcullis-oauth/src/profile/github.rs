use serde::Deserialize;
use serde_json::{Map, Value};

use super::Profile;
use crate::{OauthError, OauthErrorKind};

/// One of a user's addresses, from `/user/emails`.
#[derive(Deserialize)]
pub(crate) struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// The id is the number, which stays; the login is a name that can be given up and taken by another. Of the addresses, only the
/// primary one counts; the one in the public profile is for show.
pub(crate) fn from_github(
    user: Map<String, Value>,
    addresses: &[Address],
) -> Result<Profile, OauthError> {
    let id = user.get("id").and_then(Value::as_u64);
    let id = id.ok_or(OauthErrorKind::NoSubject)?;
    let text = |name: &str| user.get(name).and_then(Value::as_str);
    let primary = addresses.iter().find(|address| address.primary);
    let profile = Profile::new(id.to_string())
        .email(
            primary.map(|address| address.email.as_str()),
            primary.is_some_and(|address| address.verified),
        )
        .name(
            text("name")
                .filter(|name| !name.is_empty())
                .or_else(|| text("login")),
        )
        .picture(text("avatar_url"));
    profile.with_claims(user).checked()
}
