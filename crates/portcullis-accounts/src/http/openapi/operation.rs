//! One row of the table as an operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schemas;
use crate::accounts::Realm;
use crate::http::route::{Body, By, Fields, Member, Route, Shape, Who};

pub(super) fn describe(route: &Route, realm: Option<&Realm>) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route, realm),
        "summary": route.summary,
        "security": security(route.who),
        "parameters": parameters(route),
        "responses": responses(route, realm),
    });
    if let Some(realm) = realm {
        operation["tags"] = json!([realm.name]);
    }
    if let Who::Permitted(permission) = route.who {
        operation["x-permission"] = json!(permission);
    }
    if route.who == Who::User(By::Fresh) {
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
        Who::User(By::NotKey | By::Fresh) => json!([{ "bearer": [] }, { "session": [] }]),
    }
}

fn parameters(route: &Route) -> Value {
    let id = route.path.contains(&":id").then(
        || json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }),
    );
    let query = route.query.iter().map(|member| {
        json!({ "name": member.name, "in": "query", "required": member.required, "schema": schemas::member(member) })
    });
    id.into_iter().chain(query).collect()
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

/// The success, and every refusal that can come: those of the row, and those that follow from it.
fn responses(route: &Route, realm: Option<&Realm>) -> Value {
    let mut responses = Map::new();
    let (status, shape) = route.success;
    responses.insert(status.to_string(), success(shape, realm));
    if route.name == "register" {
        responses.insert("202".to_owned(), success(Shape::Schema("Status"), realm));
    }
    for (status, codes) in refusals(route) {
        responses.insert(status.to_string(), refusal(&codes));
    }
    Value::Object(responses)
}

fn success(shape: Shape, realm: Option<&Realm>) -> Value {
    match shape {
        Shape::Nothing => json!({ "description": "Done." }),
        Shape::Schema(name) => {
            let name = schemas::name(name, realm);
            json!({
                "description": "Done.",
                "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } },
            })
        }
    }
}

fn refusals(route: &Route) -> BTreeMap<u16, Vec<&'static str>> {
    let mut refusals: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    let mut add =
        |status: u16, codes: &[&'static str]| refusals.entry(status).or_default().extend(codes);
    for (status, codes) in route.refusals {
        add(*status, codes);
    }
    if route.body.is_some() {
        add(400, &["invalid_json"]);
        add(413, &["body_too_large"]);
        add(415, &["unsupported_media_type"]);
        add(422, &["field_not_allowed", "invalid_field"]);
    }
    if !route.query.is_empty() || route.body.is_none() {
        add(422, &["field_not_allowed", "invalid_field"]);
    }
    if route.limit.is_some() {
        add(429, &["rate_limited"]);
    }
    match route.who {
        Who::Anyone => {}
        Who::User(by) => {
            add(401, &["unauthenticated", "invalid_token"]);
            add(403, &["cross_site"]);
            match by {
                By::Any => {}
                By::NotKey | By::NotKeyUnlessAdmin => add(403, &["key_not_allowed"]),
                By::Fresh => {
                    add(401, &["reauthentication_required"]);
                    add(403, &["key_not_allowed"]);
                }
            }
        }
        Who::Permitted(_) => {
            add(401, &["unauthenticated", "invalid_token"]);
            add(403, &["forbidden", "insufficient_scope", "cross_site"]);
        }
    }
    add(400, &["multiple_credentials"]);
    add(503, &["unavailable"]);
    for codes in refusals.values_mut() {
        codes.sort_unstable();
        codes.dedup();
    }
    refusals
}

fn refusal(codes: &[&str]) -> Value {
    json!({
        "description": codes.join(", "),
        "content": { "application/problem+json": { "schema": {
            "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "type": "object", "properties": { "code": { "enum": codes } } },
            ],
        } } },
    })
}
