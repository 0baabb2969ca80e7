//! Whether settings can be.

use std::time::Duration;

use portcullis_jwt::Algorithm;

use crate::flow::{is_parameter_name, is_reserved, is_scope};
use crate::{ConfigError, ConfigErrorKind};

/// The longest name: it stands in paths and in stores.
const LONGEST_NAME: usize = 32;

pub(super) fn name(name: &str) -> Result<(), ConfigError> {
    let is_of_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= LONGEST_NAME
        && name.bytes().all(is_of_name);
    ok(
        is_name,
        ConfigErrorKind::InvalidName,
        "a provider's name is [a-z][a-z0-9-]{0,31}",
    )
}

pub(super) fn client(id: &str, secret: &str) -> Result<(), ConfigError> {
    let detail = "the client id is empty or not printable ASCII";
    ok(is_printable(id), ConfigErrorKind::InvalidClientId, detail)?;
    let detail = "the client secret is empty or not printable ASCII";
    ok(
        is_printable(secret),
        ConfigErrorKind::InvalidClientSecret,
        detail,
    )
}

/// RFC 6749, appendix A.1 and A.2. A space at either end was copied by mistake.
fn is_printable(text: &str) -> bool {
    !text.is_empty() && text == text.trim() && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

pub(super) fn scopes(scopes: &[String], is_oidc: bool) -> Result<(), ConfigError> {
    let are_scopes = scopes.iter().all(|scope| is_scope(scope));
    let detail = "a scope is printable ASCII without space, quotation mark and backslash";
    ok(are_scopes, ConfigErrorKind::InvalidScope, detail)?;
    let has_openid = !is_oidc || scopes.iter().any(|scope| scope == "openid");
    let detail = "an OpenID provider gives no ID token without the scope openid";
    ok(has_openid, ConfigErrorKind::InvalidScope, detail)
}

pub(super) fn parameters(parameters: &[(String, String)]) -> Result<(), ConfigError> {
    let is_free = |(position, (name, _)): (usize, &(String, String))| {
        let is_there = parameters[..position]
            .iter()
            .any(|(other, _)| other == name);
        is_parameter_name(name) && !is_reserved(name) && !is_there
    };
    let are_free = parameters.iter().enumerate().all(is_free);
    let detail = "a parameter is this crate's to set, is there twice, or has no name";
    ok(are_free, ConfigErrorKind::ReservedParameter, detail)
}

pub(super) fn algorithms(algorithms: &[Algorithm]) -> Result<(), ConfigError> {
    let is_public = |algorithm: &Algorithm| !algorithm.is_symmetric();
    let are_public = !algorithms.is_empty() && algorithms.iter().all(is_public);
    let detail =
        "ID tokens are verified with public keys: at least one algorithm, and none of HMAC";
    ok(are_public, ConfigErrorKind::InvalidAlgorithm, detail)
}

pub(super) fn limits(timeout: Duration, max_bytes: usize) -> Result<(), ConfigError> {
    let detail = "the timeout and the size limit must be more than zero";
    let are_some = !timeout.is_zero() && max_bytes > 0;
    ok(are_some, ConfigErrorKind::InvalidLimit, detail)
}

pub(super) fn hosted_domain(domain: Option<&str>, is_oidc: bool) -> Result<(), ConfigError> {
    let detail = "a hosted domain is for OpenID providers, and not empty";
    let can_be = domain.is_none_or(|domain| is_oidc && !domain.is_empty());
    ok(can_be, ConfigErrorKind::NotForThisProvider, detail)
}

pub(super) fn bad_url() -> ConfigError {
    ConfigError::new(
        ConfigErrorKind::InvalidUrl,
        "an address must be an absolute https URL without user name and fragment",
    )
}

pub(super) fn no_keys() -> ConfigError {
    ConfigError::new(
        ConfigErrorKind::InvalidUrl,
        "an OpenID provider with fixed endpoints needs the address of its keys",
    )
}

fn ok(is_ok: bool, kind: ConfigErrorKind, detail: &'static str) -> Result<(), ConfigError> {
    match is_ok {
        true => Ok(()),
        false => Err(ConfigError::new(kind, detail)),
    }
}
