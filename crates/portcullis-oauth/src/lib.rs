//! OAuth 2.0 and OpenID Connect client for Portcullis: Google, GitHub, Discord, any issuer.
