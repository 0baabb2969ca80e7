//! Three nodes behind nginx, on one PostgreSQL and one Redis, asked by HTTP: whatever node answers, it is one service.
//!
//! PORTCULLIS_LOAD_REQUESTS says how many requests the mixed load makes while nodes are killed: 1200 unless said. A tenth of that is
//! made while connections are slow and cut.

#[path = "../printed/mod.rs"]
mod printed;

mod ada;
mod at_once;
mod away;
mod cut_off;
mod cuts;
mod factors;
mod greedy;
mod http;
mod journey;
mod keys;
mod limits;
mod lines;
mod links;
mod load;
mod nginx;
mod person;
mod postgres_fails;
mod redis_fails;
mod redis_places;
mod refreshing;
mod revoking;
mod world;
