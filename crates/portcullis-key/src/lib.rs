//! API keys for Portcullis: formats, digests, look-up, and the API key scheme.
