use serde_json::{Map, Value};

use super::Profile;
use crate::{OauthError, OauthErrorKind};

/// The id is a number too long for JSON, written as a text.
pub(crate) fn from_discord(user: Map<String, Value>) -> Result<Profile, OauthError> {
    let text = |name: &str| user.get(name).and_then(Value::as_str);
    let id = text("id").filter(|id| is_snowflake(id));
    let id = id.ok_or(OauthErrorKind::NoSubject)?;
    let is_verified = user.get("verified") == Some(&Value::Bool(true));
    let picture = text("avatar").and_then(|hash| picture(id, hash));
    let profile = Profile::new(id)
        .email(text("email"), is_verified)
        .name(text("global_name").or_else(|| text("username")))
        .picture(picture.as_deref());
    profile.with_claims(user).checked()
}

fn is_snowflake(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// The hash becomes part of a path, so it has to look like one.
fn picture(id: &str, hash: &str) -> Option<String> {
    let is_hash = !hash.is_empty()
        && hash
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_hash.then(|| format!("https://cdn.discordapp.com/avatars/{id}/{hash}.png"))
}
