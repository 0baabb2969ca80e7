//! The same `AuthnLayer` and the same guard, unchanged, on every stack that tower reaches.

mod authorization;
mod axum;
mod bodies;
mod hyper;
mod readiness;
mod tonic;
mod tower;
mod tower_http;
