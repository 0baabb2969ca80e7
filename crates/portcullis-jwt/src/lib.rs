//! JSON Web Tokens for Portcullis: keys and their rotation, issuing, verifying, JWKS, and the bearer scheme.
