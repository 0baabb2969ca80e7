//! The audit trail: AC-U1 … AC-U4.

#[path = "../common/app.rs"]
mod app;
#[path = "../common/browser.rs"]
mod browser;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/factor_leg.rs"]
mod factor_leg;
#[path = "../people/mod.rs"]
mod people;
#[path = "../common/watched.rs"]
mod watched;

mod commits;
mod entries;
mod everything;
mod heard;
mod journey;

use std::sync::{Arc, Mutex};

use portcullis_accounts::store::AccountStore;
use portcullis_accounts::{
    AccountsBuilder, AuditEvent, AuditQuery, Collection, EventSink, Limits, MemoryStore,
    ProfileData,
};
use portcullis_limit::Quota;
use portcullis_password::{BreachFuture, BreachOutcome, BreachedPasswords, Password};
use portcullis_testkit::ManualClock;
use serde_json::json;

use crate::common::{Harness, harness_on};

/// A source of breached passwords that never answers.
#[derive(Debug)]
struct Silent;

impl BreachedPasswords for Silent {
    fn check<'a>(&'a self, _: &'a Password) -> BreachFuture<'a> {
        Box::pin(std::future::ready(BreachOutcome::Unknown))
    }
}

/// Limits that do not get in the way; locks are as they are.
fn with_room(builder: AccountsBuilder) -> AccountsBuilder {
    let room = || Quota::per_minute(10_000).named("room");
    builder.breached_passwords(Silent).limits(Limits {
        login: room(),
        register: room(),
        manage: room(),
        mail_to: room(),
        ..Limits::default()
    })
}

fn on<S: AccountStore + Clone>(
    make: impl FnOnce(MemoryStore) -> S,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Harness<S> {
    let clock = ManualClock::new();
    let store = make(MemoryStore::new().with_clock(clock.shared()));
    harness_on(store, clock, Collection::new(), more)
}

fn name(text: &str) -> ProfileData {
    ProfileData::from_iter([("name".to_owned(), json!(text))])
}

fn roles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn whole_trail<S: AccountStore>(h: &Harness<S>) -> Vec<AuditEvent> {
    let query = AuditQuery {
        collection: "users".to_owned(),
        limit: 10_000,
        ..AuditQuery::default()
    };
    h.store.events(&query).await.unwrap()
}

/// Hears, and counts.
#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<Vec<AuditEvent>>>);

impl Heard {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl EventSink for Heard {
    fn take(&self, event: &AuditEvent) {
        self.0.lock().unwrap().push(event.clone());
    }
}
