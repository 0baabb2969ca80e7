//! Who may call what: every operation of the document, by every kind of caller (AC-B6, AC-B8, v5.0.0-8.2.1, v5.0.0-8.2.2).

use http::Method;
use portcullis_accounts::{Collection, Credentials, LoggedIn, Login, NewUser};
use serde_json::{Value, json};

use crate::client::{Answer, Api, api, api_with};
use crate::common::{PASSWORD, tokens};

/// An operation of the OpenAPI document.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) told: Value,
}

impl Operation {
    /// All of the collection `users` and of the service.
    pub(crate) async fn all(api: &Api) -> Vec<Self> {
        let document = api.get("/openapi.json").send().await.is(200).body;
        let mut all = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, told) in methods.as_object().unwrap() {
                all.push(Self {
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    told: told.clone(),
                });
            }
        }
        assert!(all.len() > 30, "{}", all.len());
        all
    }

    pub(crate) fn is_open(&self) -> bool {
        self.told["security"] == json!([])
    }

    fn takes_keys(&self) -> bool {
        let security = self.told["security"].as_array().unwrap().iter();
        security.clone().any(|way| way.get("apiKey").is_some())
    }

    fn permission(&self) -> Option<&str> {
        self.told["x-permission"].as_str()
    }

    pub(crate) fn tells(&self, status: u16, code: &str) -> bool {
        let codes =
            &self.told["responses"][status.to_string()]["content"]["application/problem+json"];
        codes.to_string().contains(&format!("\"{code}\""))
    }

    /// Calls it with an id of nobody's and a body that is never good enough to do something.
    pub(crate) async fn call(&self, api: &Api, credential: Option<(&str, &str)>) -> Answer {
        let path = self
            .path
            .replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
        let mut ask = api.ask(self.method.clone(), &path).same_origin();
        if let Some((name, value)) = credential {
            ask = ask.header(name, value);
        }
        let answer = ask
            .header("content-type", "text/plain")
            .raw("x")
            .send()
            .await;
        api.h.wait(std::time::Duration::from_secs(20));
        answer
    }
}

/// Somebody with these permissions, logged in.
pub(crate) async fn with_permissions(api: &Api, email: &str, permissions: &[&str]) -> String {
    let mut new = NewUser::new(email).password(PASSWORD).verified();
    new.permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
    token_of(api, "users", new).await
}

/// Somebody with this role, logged in.
pub(crate) async fn with_role(api: &Api, email: &str, role: &str) -> String {
    let new = NewUser::new(email)
        .password(PASSWORD)
        .verified()
        .roles([role]);
    token_of(api, "users", new).await
}

async fn token_of(api: &Api, collection: &str, new: NewUser) -> String {
    let users = api.h.accounts.users_of(collection).unwrap();
    let login = Login {
        email: new.email.clone(),
        password: PASSWORD.to_owned().into(),
        ..Login::default()
    };
    users.as_application().create_user(new).await.unwrap();
    let LoggedIn::Done(session) = users.login(login).await.unwrap() else {
        panic!("not done");
    };
    assert!(matches!(session.credentials, Credentials::Tokens(_)));
    tokens(&session).access().to_owned()
}

fn two_collections() -> Api {
    api_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    })
}

/// Deny by default: what the document does not call open answers nobody.
#[tokio::test]
async fn nobody_gets_in_where_somebody_is_asked_for() {
    let api = api();
    let mut closed = 0;
    for operation in Operation::all(&api).await {
        let answer = operation.call(&api, None).await;
        match operation.is_open() {
            true => assert_ne!(answer.status, 401, "{operation:?}"),
            false => {
                answer.refused(401, "unauthenticated");
                assert!(operation.tells(401, "unauthenticated"), "{operation:?}");
                closed += 1;
            }
        }
    }
    assert!(closed > 20, "{closed}");
}

#[tokio::test]
async fn broken_credentials_are_nobody_where_all_may_call_and_refused_elsewhere() {
    let api = api();
    let tokens = api.register("ada@example.com").await;
    let key = api.key(tokens.token(), Value::Null).await;
    api.post("/users/logout", json!({}))
        .bearer(tokens.token())
        .send()
        .await
        .is(204);
    let ended = format!("Bearer {}", tokens.token());
    let other = if key.ends_with('x') { 'y' } else { 'x' };
    let wrong_key = format!("{}{other}", &key[..key.len() - 1]);
    let broken = [
        ("authorization", ended.as_str()),
        ("authorization", "Bearer garbage"),
        ("authorization", "Bearer"),
        ("authorization", "Bearer a b"),
        ("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
        ("x-api-key", wrong_key.as_str()),
        ("x-api-key", "garbage"),
        ("cookie", "__Host-session=garbage"),
        ("cookie", "__Host-session="),
    ];
    for operation in Operation::all(&api).await {
        for credential in broken {
            let answer = operation.call(&api, Some(credential)).await;
            let expected = !operation.is_open();
            assert_eq!(
                answer.status == 401,
                expected,
                "{credential:?} {operation:?}: {}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn keys_do_what_the_document_lets_them() {
    let api = api();
    let admin = with_role(&api, "root@example.com", "admin").await;
    let key = api.key(&admin, json!(["admin"])).await;
    for operation in Operation::all(&api).await {
        let answer = operation.call(&api, Some(("x-api-key", &key))).await;
        let refused = answer.code() == "key_not_allowed";
        let manages_keys = operation.path.contains("api-keys");
        let expected = !operation.is_open() && (!operation.takes_keys() || manages_keys);
        assert_eq!(refused, expected, "{operation:?}: {}", answer.text);
        assert_eq!(
            operation.tells(403, "key_not_allowed"),
            expected,
            "{operation:?}"
        );
    }
}

#[tokio::test]
async fn users_of_another_collection_are_nobody() {
    let api = two_collections();
    let new = NewUser::new("root@example.com")
        .password(PASSWORD)
        .verified()
        .roles(["admin"]);
    let foreign = token_of(&api, "customers", new).await;
    let bearer = format!("Bearer {foreign}");
    for operation in Operation::all(&api).await {
        if operation.is_open() || !operation.path.starts_with("/users/") {
            continue;
        }
        let answer = operation.call(&api, Some(("authorization", &bearer))).await;
        answer.refused(401, "unauthenticated");
    }
    api.get("/customers/me")
        .bearer(&foreign)
        .send()
        .await
        .is(200);
    api.get("/customers/users")
        .bearer(&foreign)
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn permissions_are_asked_for_by_name() {
    let api = api();
    let none = with_role(&api, "eve@example.com", "user").await;
    let mut permitted = 0;
    for operation in Operation::all(&api).await {
        let Some(name) = operation.permission() else {
            continue;
        };
        let answer = operation
            .call(&api, Some(("authorization", &format!("Bearer {none}"))))
            .await;
        answer.refused(403, "forbidden");
        let email = format!(
            "{}@example.com",
            operation.told["operationId"].as_str().unwrap()
        );
        let permitted_one = with_permissions(&api, &email, &[name]).await;
        let bearer = format!("Bearer {permitted_one}");
        let answer = operation.call(&api, Some(("authorization", &bearer))).await;
        assert!(
            [200, 404, 415].contains(&answer.status),
            "{operation:?}: {}",
            answer.text
        );
        permitted += 1;
    }
    assert_eq!(permitted, 11);
}

/// What an API key may do is what its owner may *and* its scopes allow.
#[tokio::test]
async fn scopes_by_routes() {
    let api = api();
    let admin = with_role(&api, "root@example.com", "admin").await;
    let user = with_role(&api, "eve@example.com", "user").await;
    let read = api.key(&admin, json!(["read"])).await;
    let all = api.key(&admin, json!(["admin"])).await;
    let open = api.key(&admin, Value::Null).await;
    let nothing = api.key(&admin, json!([])).await;
    let of_user = api.key(&user, Value::Null).await;
    for (key, status) in [
        (&read, 403),
        (&nothing, 403),
        (&all, 200),
        (&open, 200),
        (&of_user, 403),
    ] {
        let answer = api.get("/users/users").key(key).send().await.is(status);
        let scope = answer.headers.get("www-authenticate");
        if answer.code() == "insufficient_scope" {
            let challenge = scope.unwrap().to_str().unwrap();
            assert!(
                challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=")
            );
        }
        api.get("/users/me").key(key).send().await.is(200);
    }
    let answer = api.get("/users/users").key(&read).send().await;
    answer.refused(403, "insufficient_scope");
    let answer = api.get("/users/users").key(&of_user).send().await;
    answer.refused(403, "forbidden");
}

/// AC-B8, v5.0.0-8.2.2: ids of others are not there, on every route that takes one.
#[tokio::test]
async fn ids_of_others_are_not_there() {
    let api = two_collections();
    let ada = api.register("ada@example.com").await;
    let eve = api.register("eve@example.com").await;
    let body = json!({ "name": "ci" });
    let made = api
        .post("/users/api-keys", body)
        .bearer(ada.token())
        .send()
        .await
        .is(201);
    let key = made.body["apiKey"]["id"].as_str().unwrap().to_owned();
    let list = api
        .get("/users/sessions")
        .bearer(ada.token())
        .send()
        .await
        .is(200);
    let session = list.body["sessions"][0]["id"].as_str().unwrap().to_owned();
    let foreign = [
        (Method::DELETE, format!("/users/sessions/{session}")),
        (Method::DELETE, format!("/users/api-keys/{key}")),
        (Method::POST, format!("/users/api-keys/{key}/rotate")),
    ];
    for (method, path) in &foreign {
        let answer = api
            .ask(method.clone(), path)
            .bearer(eve.token())
            .send()
            .await;
        answer.refused(404, "not_found");
    }
    // An administrator of another collection sees nobody of this one.
    let new = NewUser::new("root@example.com")
        .password(PASSWORD)
        .verified()
        .roles(["admin"]);
    let root = token_of(&api, "customers", new).await;
    let id = ada.id();
    for (method, tail) in [
        (Method::GET, ""),
        (Method::PATCH, ""),
        (Method::DELETE, ""),
        (Method::POST, "/ban"),
        (Method::POST, "/unban"),
        (Method::POST, "/roles"),
        (Method::POST, "/logout-all"),
        (Method::POST, "/unlock"),
    ] {
        let path = format!("/customers/users/{id}{tail}");
        let body = match tail {
            "/roles" => json!({ "roles": ["admin"] }),
            _ => json!({}),
        };
        let mut ask = api.ask(method.clone(), &path).bearer(&root);
        if method != Method::GET && method != Method::DELETE {
            ask = ask.json(&body);
        }
        let answer = ask.send().await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "not_found"),
            "{method} {path}"
        );
    }
    api.get("/users/me")
        .bearer(ada.token())
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn ids_are_written_in_one_way() {
    let api = api();
    let root = with_role(&api, "root@example.com", "admin").await;
    let ada = api.register("ada@example.com").await;
    let id = ada.id();
    api.get(&format!("/users/users/{id}"))
        .bearer(&root)
        .send()
        .await
        .is(200);
    let others = [
        id.to_uppercase(),
        id.replace('-', ""),
        format!("%7B{id}%7D"),
        format!("{id}%20"),
        "x".repeat(9000),
    ];
    for other in others {
        let answer = api
            .get(&format!("/users/users/{other}"))
            .bearer(&root)
            .send()
            .await;
        answer.refused(404, "not_found");
    }
}
