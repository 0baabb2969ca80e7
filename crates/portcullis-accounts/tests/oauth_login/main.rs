//! Signing up and logging in by providers: AC-A5, AC-A12, AC-A13, ASVS 6.8.1 and 10.5.2.
#![cfg(feature = "oauth")]

#[path = "../common/app.rs"]
mod app;
#[path = "../common/browser.rs"]
mod browser;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/oauth.rs"]
mod oauth;

mod codes;
mod fresh;
mod people;
