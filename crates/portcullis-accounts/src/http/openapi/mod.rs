//! The OpenAPI 3.1 document, made of the route table: what the service enforces is what it says.

mod oauth;
mod of_collection;
mod operation;
mod responses;
mod schemas;
mod second_factor;

use portcullis_core::Denial;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::route::Route;
use super::table;
use crate::Accounts;
use crate::accounts::Realm;

/// The operation that tells the document, and is not run as the others are.
pub(super) const OPERATION: &str = "openapi";

pub(super) fn answer(accounts: &Accounts, prefix: &str) -> Result<Answer, Denial> {
    Answer::ok(&document(accounts, prefix))
}

fn document(accounts: &Accounts, prefix: &str) -> Value {
    let title = match accounts.inner.service_name.as_str() {
        "" => "Accounts".to_owned(),
        name => format!("{name}: accounts"),
    };
    // Relative to the document's own address, where no prefix was said.
    let server = match prefix {
        "" => "./",
        prefix => prefix,
    };
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": server }],
        "paths": paths(accounts),
        "components": {
            "schemas": schemas::all(accounts),
            "headers": responses::headers(),
            "securitySchemes": security_schemes(accounts),
        },
    })
}

fn paths(accounts: &Accounts) -> Map<String, Value> {
    let mut paths = Map::new();
    for route in table::routes() {
        match route.path.contains(&":c") {
            true => {
                for realm in accounts.inner.realms.values() {
                    add(&mut paths, route, Some(realm));
                }
            }
            false => add(&mut paths, route, None),
        }
    }
    paths
}

fn add(paths: &mut Map<String, Value>, route: &Route, realm: Option<&Realm>) {
    let path: String = route
        .path
        .iter()
        .map(|segment| written(segment, realm))
        .collect();
    let methods = paths.entry(path).or_insert_with(|| json!({}));
    methods[route.method.as_str().to_ascii_lowercase()] = operation::describe(route, realm);
}

fn written(segment: &str, realm: Option<&Realm>) -> String {
    match (segment, realm) {
        (":c", Some(realm)) => format!("/{}", realm.name),
        (":id", _) => "/{id}".to_owned(),
        (":provider", _) => "/{provider}".to_owned(),
        (literal, _) => format!("/{literal}"),
    }
}

fn security_schemes(accounts: &Accounts) -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
        "apiKey": { "type": "apiKey", "in": "header", "name": "X-Api-Key" },
        "session": { "type": "apiKey", "in": "cookie", "name": accounts.inner.cookie_name },
    })
}
