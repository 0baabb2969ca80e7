//! What logins by providers are refused with.

use http::StatusCode;
use portcullis_core::Denial;
use portcullis_oauth::{OauthError, OauthErrorKind, Provider};

use crate::audit::Entry;
use crate::users::FRESH;

/// 400 `invalid_state`: unknown, used, expired, another browser's, another provider's and another collection's alike.
pub(super) fn invalid_state() -> Denial {
    Denial::new(StatusCode::BAD_REQUEST, "invalid_state")
        .with_detail("this login was not begun here, or not any more; begin again")
}

/// 400 `access_denied` where the user said no, 401 `reauthentication_required` where a fresh login was asked for and the provider
/// answered for an older one, 400 `provider_error` for everything else: which of the many things it was is for the log,
/// and nothing that the provider wrote goes any further (AC-A11).
pub(super) fn provider_failed(provider: &Provider, error: &OauthError) -> Denial {
    if error.kind() == OauthErrorKind::AccessDenied {
        return Denial::new(StatusCode::BAD_REQUEST, "access_denied")
            .with_detail("the login was refused at the provider");
    }
    if error.kind() == OauthErrorKind::AuthTooOld {
        return Denial::reauthentication_required(FRESH)
            .with_detail("the provider did not have its user log in again");
    }
    tracing::warn!(provider = provider.name(), code = error.code(), %error, "a login by a provider failed");
    Denial::new(StatusCode::BAD_REQUEST, "provider_error")
        .with_detail("the provider did not say who this is")
}

/// 422 `mode_not_allowed`.
pub(super) fn mode_not_allowed() -> Denial {
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "mode_not_allowed")
        .with_detail("a login by a provider does not give this here")
        .with_field("mode", "not_allowed")
}

/// 422 `profile_incomplete`.
pub(super) fn profile_incomplete() -> Denial {
    Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "profile_incomplete").with_detail(
        "an account needs more than the provider says: register, then link the provider",
    )
}

/// 403 `email_not_verified_by_provider`.
pub(super) fn email_not_verified() -> Denial {
    Denial::new(StatusCode::FORBIDDEN, "email_not_verified_by_provider")
        .with_detail("the provider has not verified an address of this user")
}

/// 403 `signup_disabled`.
pub(super) fn signup_disabled() -> Denial {
    Denial::new(StatusCode::FORBIDDEN, "signup_disabled").with_detail("nobody can register here")
}

/// 409 `account_exists`.
pub(super) fn account_exists() -> Denial {
    Denial::new(StatusCode::CONFLICT, "account_exists")
        .with_detail("there is an account with this address: log in to it, then link the provider")
}

/// 409 `identity_taken`.
pub(super) fn identity_taken() -> Denial {
    Denial::new(StatusCode::CONFLICT, "identity_taken")
        .with_detail("another account is linked with this identity")
}

/// 409 `last_credential` (AC-A8).
pub(super) fn last_credential() -> Denial {
    Denial::new(StatusCode::CONFLICT, "last_credential")
        .with_detail("nothing would be left to log in by: set a password first")
}

/// 409 `conflict`.
pub(super) fn crossed() -> Denial {
    Denial::new(StatusCode::CONFLICT, "conflict")
        .with_detail("this crossed with another change; try again")
}

/// An entry with the provider's name, which is all that is written down of an identity.
pub(super) fn about(provider: &Provider, entry: Entry) -> Entry {
    entry.detail(provider.name())
}
