//! Logins at a party on loopback that answers as a test wants it to: well, late, wrongly or without end.
//!
//! The criteria are those of `behaviour.md` 2.13 (AC-A1 … AC-A5, AC-A10, AC-A11) and of ASVS 6.8 and 10.1, 10.2, 10.5.

mod answers;
mod begin;
mod callback;
#[cfg(feature = "metrics")]
mod counted;
mod discovery;
mod id_tokens;
mod keys;
mod limits;
mod login;
mod observed;
mod party;
mod presets;
mod properties;
mod refresh;
mod rotation;
mod settings;
mod tls;
mod userinfo;
