/// Where an OAuth 2.0 provider is spoken to: absolute `https` URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where the browser is sent (RFC 6749 §3.1).
    pub authorization: String,
    /// Where codes become tokens (RFC 6749 §3.2).
    pub token: String,
    /// Where an access token is answered with whose it is: JSON, got by GET.
    pub userinfo: String,
}

/// How this client says who it is at the token endpoint (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenAuth {
    /// In the `Authorization` header: `client_secret_basic`.
    Basic,
    /// In the body: `client_secret_post`.
    Post,
}
