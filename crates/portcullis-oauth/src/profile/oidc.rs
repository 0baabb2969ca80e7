use serde_json::{Map, Value};

use super::Profile;
use crate::{OauthError, OauthErrorKind};

/// The standard claims (OpenID Connect Core §5.1).
pub(crate) fn from_claims(claims: Map<String, Value>) -> Result<Profile, OauthError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let subject = text("sub").ok_or(OauthErrorKind::NoSubject)?;
    let profile = Profile::new(subject)
        .email(text("email"), is_true(claims.get("email_verified")))
        .name(text("name").or_else(|| text("preferred_username")))
        .picture(text("picture"));
    profile.with_claims(claims).checked()
}

/// Some providers write booleans as texts.
fn is_true(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Bool(true))) || value.and_then(Value::as_str) == Some("true")
}

/// The ID token's word goes before that of userinfo, which is not signed. An address and whether it is verified are one
/// statement: never the one from here and the other from there.
pub(crate) fn merged(
    id_token: Map<String, Value>,
    mut userinfo: Map<String, Value>,
) -> Result<Map<String, Value>, OauthError> {
    if userinfo.get("sub") != id_token.get("sub") {
        return Err(OauthErrorKind::SubjectMismatch.into());
    }
    let mut claims = id_token;
    match claims.get("email") {
        None => claims.remove("email_verified"),
        same if same == userinfo.get("email") => None,
        Some(_) => userinfo.remove("email_verified"),
    };
    for (name, value) in userinfo {
        claims.entry(name).or_insert(value);
    }
    Ok(claims)
}
