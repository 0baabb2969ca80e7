//! v5.0.0-8.2.1: functions are reached by those who may, and by nobody else, whatever the method and however the path is written.

use axum::Router;
use axum::body::Body;
use axum::handler::Handler;
use axum::routing::{any, delete, get};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use portcullis_core::{authenticated, permission, require, role};
use portcullis_tests::{Answer, HEADER, authn};
use tower::ServiceExt;

/// The response header that says which handler answered.
const DOOR: &str = "x-door";

const OPEN: &str = "open to all";
const NOTES: &str = "the notes";
const WRITTEN: &str = "written";
const ADMIN: &str = "the control room";

/// Open, readable with `read`, writable with `write`, and an admin's corner with a nested router, a wildcard and a fallback.
fn app() -> Router {
    // The header is there for answers to HEAD as well.
    let say = |text: &'static str| move || async move { ([(DOOR, text)], text) };
    let corner = Router::new()
        .route("/", any(say(ADMIN)))
        .route("/users/{id}", delete(say(ADMIN)))
        .route("/files/{*path}", get(say(ADMIN)))
        .fallback(say(ADMIN))
        .layer(require(role("admin")));
    let notes = get(say(NOTES).layer(require(permission("read"))))
        .post(say(WRITTEN).layer(require(permission("write"))));
    Router::new()
        .route("/", get(say(OPEN)))
        .route("/notes", notes)
        .nest("/admin", corner)
        .fallback(say("not here").layer(require(authenticated())))
        .layer(authn())
}

const WHO: [Option<&str>; 4] = [
    None,
    Some("ready:carol:guest"),
    Some("waiting:bob:user"),
    Some("ready:alice:admin"),
];

async fn ask(app: &Router, who: Option<&str>, method: &Method, path: &str) -> Option<Answer> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse::<Uri>().ok()?;
    *request.method_mut() = method.clone();
    if let Some(who) = who {
        request
            .headers_mut()
            .insert(HEADER, HeaderValue::from_str(who).unwrap());
    }
    Some(Answer::read(app.clone().oneshot(request).await.unwrap()).await)
}

fn methods() -> Vec<Method> {
    [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
        "get", "BREW", "A-B",
    ]
    .map(|name| Method::from_bytes(name.as_bytes()).unwrap())
    .to_vec()
}

#[tokio::test]
async fn v5_0_0_8_2_1_the_table_of_roles_methods_and_routes() {
    let app = app();
    // Nobody, guest, user, admin.
    for (method, path, statuses) in [
        ("GET", "/", [200, 200, 200, 200]),
        ("HEAD", "/", [200, 200, 200, 200]),
        ("POST", "/", [405, 405, 405, 405]),
        ("GET", "/notes", [401, 200, 200, 200]),
        ("HEAD", "/notes", [401, 200, 200, 200]),
        ("POST", "/notes", [401, 403, 200, 200]),
        ("DELETE", "/notes", [405, 405, 405, 405]),
        ("OPTIONS", "/notes", [405, 405, 405, 405]),
        ("GET", "/admin", [401, 403, 403, 200]),
        ("HEAD", "/admin", [401, 403, 403, 200]),
        ("OPTIONS", "/admin", [401, 403, 403, 200]),
        ("BREW", "/admin", [401, 403, 403, 200]),
        ("DELETE", "/admin/users/7", [401, 403, 403, 200]),
        ("GET", "/admin/users/7", [401, 403, 403, 405]),
        ("GET", "/admin/files/a/b", [401, 403, 403, 200]),
        ("HEAD", "/admin/files/a/b", [401, 403, 403, 200]),
        ("GET", "/admin/nowhere", [401, 403, 403, 200]),
        ("GET", "/nowhere", [401, 200, 200, 200]),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for (who, status) in WHO.into_iter().zip(statuses) {
            let answer = ask(&app, who, &method, path).await.unwrap();
            assert_eq!(answer.status.as_u16(), status, "{method} {path} by {who:?}");
        }
    }
}

/// Ways to write a path that some servers, proxies or frameworks take for the same.
fn spellings() -> Vec<String> {
    let mut spellings = Vec::new();
    for path in ["/notes", "/admin", "/admin/users/7", "/admin/files/a"] {
        let tail = &path[1..];
        spellings.extend([
            path.to_owned(),
            format!("{path}/"),
            format!("{path}//"),
            format!("/{path}"),
            format!("///{tail}"),
            format!("/./{tail}"),
            format!("/%2e/{tail}"),
            format!("/x/../{tail}"),
            format!("/x/%2e%2e/{tail}"),
            format!("/%2f{tail}"),
            format!("/{}", tail.replace('/', "%2f")),
            format!("/{}", tail.replace('/', "//")),
            format!("/{}", tail.replace('a', "%61")),
            format!("/{}", tail.to_uppercase()),
            format!("{path}?x=/open"),
            format!("{path}?"),
            format!("{path};x=y"),
            format!("{path}%00"),
            format!("{path}%20"),
            format!("{path}."),
            format!("{path}.json"),
            format!("{path}%3f"),
            format!("{path}/.."),
            format!("{path}/%2e%2e/"),
            format!("{path}/..;/"),
            format!("\\{tail}"),
            format!("/open/..\\{tail}"),
            format!("http://other.example{path}"),
            format!("http://user@localhost{path}"),
        ]);
    }
    spellings
}

#[tokio::test]
async fn v5_0_0_8_2_1_no_spelling_of_a_path_and_no_method_opens_what_is_closed() {
    let app = app();
    let (mut tried, mut opened) = (0, 0);
    for path in spellings() {
        for method in methods() {
            for who in WHO {
                let Some(answer) = ask(&app, who, &method, &path).await else {
                    continue;
                };
                tried += 1;
                let door = answer
                    .headers
                    .get(DOOR)
                    .map_or("", |door| door.to_str().unwrap());
                let may = match door {
                    NOTES => who.is_some(),
                    WRITTEN => who.is_some_and(|who| !who.ends_with("guest")),
                    ADMIN => who.is_some_and(|who| who.ends_with("admin")),
                    _ => true,
                };
                assert!(may, "{method} {path} by {who:?} opened {door:?}");
                opened += usize::from(matches!(door, NOTES | WRITTEN | ADMIN));
            }
        }
    }
    assert!(tried > 3000, "{tried} requests were made");
    assert!(
        opened > 50,
        "{opened} of them were let in, so the doors are there"
    );
}

#[tokio::test]
async fn v5_0_0_8_2_1_a_head_request_is_judged_as_the_get_that_it_stands_for() {
    let app = app();
    for path in ["/notes", "/admin", "/admin/files/a"] {
        for who in WHO {
            let get = ask(&app, who, &Method::GET, path).await.unwrap().status;
            let head = ask(&app, who, &Method::HEAD, path).await.unwrap().status;
            assert_eq!(get, head, "{path} by {who:?}");
        }
    }
}

#[tokio::test]
async fn v5_0_0_8_2_1_headers_that_rewrite_paths_and_methods_rewrite_nothing() {
    let app = app();
    for (name, value) in [
        ("x-http-method-override", "GET"),
        ("x-method-override", "GET"),
        ("x-original-url", "/"),
        ("x-rewrite-url", "/"),
        ("x-forwarded-prefix", "/"),
        ("x-forwarded-user", "alice"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("host", "localhost"),
        ("forwarded", "for=127.0.0.1"),
    ] {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static("/admin");
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
        request
            .headers_mut()
            .insert(HEADER, HeaderValue::from_static("ready:bob:user"));
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{name}");
    }
}
