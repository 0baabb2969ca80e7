//! Two nodes on one database, asked at the same moment.

mod admins;
mod factor_changes;
mod keys;
mod links;
mod lockout;
mod passwords;
mod providers;
mod revocations;
mod second_factors;
mod sessions;
mod signing_keys;
mod tokens;
