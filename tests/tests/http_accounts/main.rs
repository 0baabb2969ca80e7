//! The accounts over real sockets: every flow on each store, every mount, and what schemathesis makes of the document.

mod client;
mod document;
mod journey;
mod mounts;
mod python;
mod server;
