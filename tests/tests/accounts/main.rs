//! Accounts on real databases: two nodes that race, secrets that must stay nowhere, databases that stop, processes that are killed,
//! and sequences of requests that nobody thought of.

mod failures;
mod races;
mod secrets;
mod sequences;
mod support;
