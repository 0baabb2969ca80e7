//! One row of the table as an operation.

use serde_json::{Map, Value, json};

use super::{responses, schemas};
use crate::accounts::Realm;
use crate::http::route::{Body, By, Fields, Member, Route, Who};

pub(super) fn describe(route: &Route, realm: Option<&Realm>) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route, realm),
        "summary": route.summary,
        "security": security(route.who),
        "parameters": parameters(route),
        "responses": responses::of(route, realm),
    });
    if let Some(realm) = realm {
        operation["tags"] = json!([realm.name]);
    }
    if let Who::Permitted(permission) | Who::FreshPermitted(permission) = route.who {
        operation["x-permission"] = json!(permission);
    }
    if matches!(route.who, Who::User(By::Fresh) | Who::FreshPermitted(_)) {
        operation["x-fresh-within-seconds"] = json!(crate::users::FRESH.as_secs());
    }
    if let Some(body) = &route.body {
        operation["requestBody"] = request_body(body, realm);
    }
    operation
}

fn operation_id(route: &Route, realm: Option<&Realm>) -> String {
    match realm {
        Some(realm) => format!("{}.{}", realm.name, route.name),
        None => route.name.to_owned(),
    }
}

/// Which credentials there are: an empty list where none is asked for.
fn security(who: Who) -> Value {
    match who {
        Who::Anyone => json!([]),
        Who::User(By::Any | By::NotKeyUnlessAdmin) | Who::Permitted(_) => {
            json!([{ "bearer": [] }, { "session": [] }, { "apiKey": [] }])
        }
        Who::User(By::NotKey | By::Fresh) | Who::FreshPermitted(_) => {
            json!([{ "bearer": [] }, { "session": [] }])
        }
    }
}

fn parameters(route: &Route) -> Value {
    let id = route.path.contains(&":id").then(
        || json!({ "name": "id", "in": "path", "required": true, "schema": schemas::id_in(route.path) }),
    );
    let provider = route.path.contains(&":provider").then(
        || json!({ "name": "provider", "in": "path", "required": true, "schema": { "type": "string" } }),
    );
    let query = route.query.iter().filter(|member| !member.is_further()).map(|member| {
        json!({ "name": member.name, "in": "query", "required": member.required, "schema": schemas::member(member) })
    });
    id.into_iter().chain(provider).chain(query).collect()
}

fn request_body(body: &Body, realm: Option<&Realm>) -> Value {
    json!({
        "required": !body.optional,
        "content": { "application/json": { "schema": object(body, realm) } },
    })
}

fn object(body: &Body, realm: Option<&Realm>) -> Value {
    let mut properties: Map<String, Value> = body
        .members
        .iter()
        .map(|member| (member.name.to_owned(), schemas::member(member)))
        .collect();
    let mut required: Vec<String> = body
        .members
        .iter()
        .filter(|member| member.required)
        .map(|member: &Member| member.name.to_owned())
        .collect();
    let fields = realm
        .map(|realm| realm.settings.fields.as_slice())
        .unwrap_or_default();
    for field in fields {
        let open = match body.profile {
            Fields::None => false,
            Fields::New | Fields::Patch => !field.hidden && !field.read_only,
            Fields::AdminPatch => !field.hidden,
        };
        if !open {
            continue;
        }
        properties.insert(field.name.clone().into_owned(), schemas::field(field));
        if body.profile == Fields::New && field.required && field.default.is_none() {
            required.push(field.name.clone().into_owned());
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}
