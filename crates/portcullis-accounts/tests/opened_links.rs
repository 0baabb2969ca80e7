//! Opening a link does nothing: scanners of mail open links too.

mod common;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use portcullis_accounts::Collection;
use tower::ServiceExt;

/// AC-V2: `GET` (and `HEAD`) uses nothing up, whatever the address says; `POST` does.
#[tokio::test]
async fn ac_v2_only_post_uses_a_link_up() {
    let harness = common::harness(Collection::new());
    harness.register("ada@example.com").await;
    let token = harness.link_to("ada@example.com").await;
    let status = async |method: Method, path: &str, body: String| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json");
        let request = request.body(Full::<Bytes>::from(body)).unwrap();
        let answer = harness.accounts.service().oneshot(request).await;
        answer.unwrap().status()
    };
    for path in [
        "/users/verify-email",
        "/users/reset-password",
        "/users/unlock",
    ] {
        for method in [Method::GET, Method::HEAD] {
            let opened = format!("{path}?token={token}");
            let answer = status(method, &opened, String::new()).await;
            assert_eq!(answer, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
    let body = format!(r#"{{"token":"{token}"}}"#);
    let path = "/users/verify-email";
    assert_eq!(
        status(Method::POST, path, body.clone()).await,
        StatusCode::OK
    );
    assert_eq!(
        status(Method::POST, path, body).await,
        StatusCode::BAD_REQUEST
    );
}
