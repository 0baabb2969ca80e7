//! Failed attempts in the database.
