//! The service over HTTP, on the store in memory: the contract to the letter, and what enemies send.

#[path = "../common/mod.rs"]
mod common;

mod client;
mod life;
mod shapes;
