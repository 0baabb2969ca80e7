//! Accounts over a table of users that was there before.

fn main() {}
