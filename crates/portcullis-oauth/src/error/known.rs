/// The codes that a provider may answer with: RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, RFC 6750 §3.1,
/// RFC 8707 §2, and those that GitHub documents for its token endpoint.
const KNOWN: [&str; 27] = [
    "access_denied",
    "account_selection_required",
    "bad_verification_code",
    "consent_required",
    "incorrect_client_credentials",
    "insufficient_scope",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "login_required",
    "redirect_uri_mismatch",
    "registration_not_supported",
    "request_not_supported",
    "request_uri_not_supported",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unverified_user_email",
    "user_cancelled_login",
];

/// The code itself where it is a known one, so that no stranger's text is ever passed on.
pub(crate) fn known_code(code: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| *known == code)
}
