//! Signing keys that nodes keep together in the account store: made, announced, changed and forgotten with nobody who sees to it.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/watched.rs"]
mod watched;

mod emergency;
mod journey;
mod nodes;
mod races;
mod secrets;
mod settings;
