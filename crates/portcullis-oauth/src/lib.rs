//! OAuth 2.0 and OpenID Connect login: the client's side.
//!
//! What a provider says of a user, checked.
