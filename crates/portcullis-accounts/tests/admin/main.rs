//! Administration: who may do what to whom, and when it takes effect (AC-B6, AC-B7, AC-B8).

#[path = "../common/mod.rs"]
mod common;
#[path = "../people/mod.rs"]
mod people;

mod at_once;
mod deeds;
mod lists;
mod rights;

use portcullis_accounts::{AccountsBuilder, AdminUpdate, Collection, select, text};
use serde_json::Value;

use crate::common::{Harness, harness_with};

fn settings() -> Collection {
    Collection::new()
        .profile(select("plan", ["free", "pro"]).default("free").read_only())
        .profile(text("crmId").hidden())
}

fn open() -> Harness {
    harness_with(settings(), AccountsBuilder::with_insecure_no_limits)
}

fn profile(value: Value) -> AdminUpdate {
    let Value::Object(profile) = value else {
        panic!("no object");
    };
    AdminUpdate {
        profile,
        ..AdminUpdate::default()
    }
}

fn roles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
