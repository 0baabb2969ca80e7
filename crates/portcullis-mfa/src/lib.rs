//! TOTP and recovery codes for Portcullis.
