//! The accounts over HTTP: a thin skin over the flows. Paths stand here and nowhere else.

mod answer;
mod body;
mod dispatch;
mod handlers;
mod members;
mod openapi;
mod outside;
mod path;
mod route;
mod service;
mod table;

pub(crate) use self::path::ignores_credentials;
pub use self::service::{AccountsFuture, AccountsService};
