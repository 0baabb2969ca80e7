//! Accounts on a bare hyper server.

fn main() {}
