//! Three nodes behind nginx, on one PostgreSQL and one Redis, asked by HTTP: whatever node answers, it is one service.
//!
//! PORTCULLIS_LOAD_SECONDS says for how long the mixed load runs while nodes are killed; 12 unless said.

#[path = "../printed/mod.rs"]
mod printed;

mod faults;
mod http;
mod journey;
mod limits;
mod load;
mod nginx;
mod revoking;
mod world;
