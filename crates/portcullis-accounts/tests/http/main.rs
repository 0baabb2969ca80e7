//! The service over HTTP, on the store in memory: the contract to the letter, and what enemies send.

#[path = "../common/mod.rs"]
mod common;

#[path = "../common/app.rs"]
mod app;

#[cfg(feature = "oauth")]
#[path = "../common/browser.rs"]
mod browser;
#[cfg(feature = "oauth")]
#[path = "../common/oauth.rs"]
mod oauth;

mod access;
mod alike;
mod bodies;
mod client;
mod cookies;
mod half_done;
mod layers;
mod life;
mod limits;
mod logout;
mod paths;
#[cfg(feature = "oauth")]
mod providers;
mod refusals;
mod second_factor;
mod second_step;
mod shapes;
mod traces;
