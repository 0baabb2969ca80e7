//! Sessions for Portcullis, on tower-sessions: log in, log out, limits, stores, and the session scheme.
