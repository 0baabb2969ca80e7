//! SQLite and PostgreSQL for Portcullis.
