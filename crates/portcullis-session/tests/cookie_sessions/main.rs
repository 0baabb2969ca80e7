//! Sessions by cookie, without a session manager around the application.

#[path = "../common/watched.rs"]
mod watched;

mod cookies;
mod ids;
mod lives;
mod races;
mod schemes;
mod stores;
mod theft;
mod theft_properties;
mod world;
