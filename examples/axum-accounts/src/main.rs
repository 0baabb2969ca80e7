//! Accounts in an axum application.

fn main() {}
