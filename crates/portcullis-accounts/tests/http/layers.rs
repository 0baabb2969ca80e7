//! The service inside layers: the accounts' own outside it once more, and others.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis_core::{AuthnLayer, Denial, render_fn};
use serde_json::{Value, json};
use tower::{Layer, Service, ServiceExt};

use crate::client::{Api, api};
use crate::common::PASSWORD;

const ADA: &str = "ada@example.com";

fn own_shape(denial: &Denial, _: &Parts) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("no: {}", denial.code())));
    *response.status_mut() = denial.status();
    response
}

async fn ask<S, B>(
    service: &S,
    request: http::request::Builder,
    body: Value,
) -> (StatusCode, http::HeaderMap, String)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let request = request.header("content-type", "application/json");
    let request = request.body(Full::from(body.to_string())).unwrap();
    let response = service.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (
        head.status,
        head.headers,
        String::from_utf8(bytes.to_vec()).unwrap(),
    )
}

/// Refused credentials, wrong passwords, closed doors, paths that are none: all in the application's own shape.
async fn refuses_in_its_own_shape<S, B>(service: &S, api: &Api)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let token = api.login(ADA).await.token().to_owned();
    let bearer = format!("Bearer {token}");
    let wrong = json!({ "email": ADA, "password": "wrong" });
    let asks = [
        (
            Request::post("/users/login"),
            wrong,
            "no: invalid_credentials",
        ),
        (
            Request::get("/users/me"),
            Value::Null,
            "no: unauthenticated",
        ),
        (
            Request::get("/users/me").header("authorization", "Bearer x"),
            Value::Null,
            "no: invalid_token",
        ),
        (Request::get("/nowhere"), Value::Null, "no: not_found"),
        (
            Request::get("/users/users").header("authorization", &bearer),
            Value::Null,
            "no: forbidden",
        ),
        (
            Request::patch("/users/me").header("authorization", &bearer),
            json!({ "id": 1 }),
            "no: field_not_allowed",
        ),
    ];
    for (request, body, expected) in asks {
        let (_, headers, text) = ask(service, request, body).await;
        assert_eq!(text, expected);
        assert_eq!(headers.get_all("x-request-id").iter().count(), 1, "{text}");
    }
}

#[tokio::test]
async fn the_applications_own_renderer() {
    let api = api();
    api.register(ADA).await;
    let ours = api.h.accounts.authn().renderer(render_fn(own_shape));
    refuses_in_its_own_shape(&ours.layer(api.service.clone()), &api).await;
    // A layer that knows nothing of these accounts says how to refuse, not who is calling.
    let foreign = AuthnLayer::new().renderer(render_fn(own_shape));
    refuses_in_its_own_shape(&foreign.layer(api.service.clone()), &api).await;
}

#[tokio::test]
async fn two_layers_do_nothing_twice() {
    let api = api();
    api.register(ADA).await;
    let service = api.h.accounts.authn().layer(api.service.clone());
    let body = json!({ "email": ADA, "password": PASSWORD, "mode": "cookie", "remember": true });
    let written = api.h.audit().await.len();
    ask(&api.service, Request::post("/users/login"), body.clone()).await;
    let (before, by_one) = (
        api.h.audit().await.len(),
        api.h.audit().await.len() - written,
    );
    let (status, headers, _) = ask(&service, Request::post("/users/login"), body).await;
    assert_eq!(status, 200);
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    let names: Vec<_> = cookies
        .iter()
        .map(|line| line.to_str().unwrap().split('=').next().unwrap())
        .collect();
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(names.len(), distinct.len(), "{names:?}");
    assert_eq!(api.h.audit().await.len() - before, by_one);
    assert_eq!(headers.get_all("x-request-id").iter().count(), 1);
    assert_eq!(headers.get_all("cache-control").iter().count(), 1);

    // Days later the remembered cookie is renewed: once.
    let cookie: Vec<_> = cookies
        .iter()
        .map(|line| line.to_str().unwrap().split(';').next().unwrap())
        .collect();
    let cookie = cookie.join("; ");
    for days in 1..=6 {
        api.h
            .wait(std::time::Duration::from_secs(24 * 3600 * days / 3));
        let (status, headers, text) = ask(
            &service,
            Request::get("/users/me").header("cookie", &cookie),
            Value::Null,
        )
        .await;
        let lines: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert!(lines.len() <= 1, "{lines:?}");
        if !lines.is_empty() {
            assert_eq!(status, 200, "{text}");
            return;
        }
    }
    panic!("never renewed");
}
