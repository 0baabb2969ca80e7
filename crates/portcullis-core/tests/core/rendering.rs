//! How refusals look: problem+json, gRPC, a login page, and the application's own.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use portcullis_core::{
    AuthnLayer, DefaultRenderer, Denial, GrpcStatus, LoginRedirect, ProblemJson, Renderer, is_grpc,
    render_fn,
};
use proptest::prelude::*;

use crate::common::{Place, Told, parts, request, through};

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

#[test]
fn ac_t2_problem_json_to_the_byte() {
    let denial = Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password")
        .with_detail("too \"short\"\n")
        .with_reason("length")
        .with_reason("common")
        .with_field("password", "length")
        .with_field("email", "syntax")
        .with_field("password", "common");
    let response = ProblemJson.render(&denial, &parts(&[("x-request-id", "req-1")]));
    assert_eq!(
        text(&response),
        concat!(
            r#"{"type":"about:blank","title":"Unprocessable Content","status":422,"code":"weak_password","#,
            r#""detail":"too \"short\"\n","reasons":["length","common"],"#,
            r#""fields":{"password":["length","common"],"email":["syntax"]},"request_id":"req-1"}"#
        )
    );
    assert_eq!(response.status(), 422);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers().len(), 2);
}

#[test]
fn a_plain_refusal_is_short() {
    let response = ProblemJson.render(&Denial::forbidden(), &parts(&[]));
    assert_eq!(
        text(&response),
        r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden","detail":"the caller may not do this"}"#
    );
}

#[test]
fn ac_t2_retry_after_is_whole_seconds_rounded_up_and_at_least_one() {
    for (wait, seconds) in [
        (Duration::ZERO, "1"),
        (Duration::from_nanos(1), "1"),
        (Duration::from_secs(1), "1"),
        (Duration::from_millis(1001), "2"),
        (Duration::from_secs(42), "42"),
    ] {
        let response = ProblemJson.render(&Denial::rate_limited(wait), &parts(&[]));
        assert_eq!(
            (
                response.status().as_u16(),
                &response.headers()["retry-after"]
            ),
            (429, &HeaderValue::from_static(seconds))
        );
    }
    let forever = Denial::rate_limited(Duration::new(u64::MAX, 999_999_999));
    assert_eq!(forever.retry_after_seconds(), Some(u64::MAX));
}

#[test]
fn challenges_and_further_headers_are_sent_on_lines_of_their_own() {
    let denial = Denial::invalid_credential("invalid_token")
        .with_challenge(HeaderValue::from_static(r#"Bearer error="invalid_token""#))
        .with_challenge(HeaderValue::from_static("Basic"))
        .with_header(header::SET_COOKIE, HeaderValue::from_static("a=1"))
        .with_header(header::SET_COOKIE, HeaderValue::from_static("b=2"));
    let response = ProblemJson.render(&denial, &parts(&[]));
    let all = |name| response.headers().get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(
        all(header::WWW_AUTHENTICATE),
        [r#"Bearer error="invalid_token""#, "Basic"]
    );
    assert_eq!(all(header::SET_COOKIE), ["a=1", "b=2"]);
}

#[test]
fn ac_u4_a_request_id_is_shown_only_if_it_can_be() {
    let long = "x".repeat(129);
    for id in ["", "a b", "a\tb", "\u{e4}", &long] {
        let response = ProblemJson.render(&Denial::forbidden(), &parts(&[("x-request-id", id)]));
        assert!(!text(&response).contains("request_id"), "{id:?}");
    }
    let response = ProblemJson.render(
        &Denial::forbidden(),
        &parts(&[("x-request-id", r#""}<script>"#)]),
    );
    assert!(
        text(&response).ends_with(r#""request_id":"\"}<script>"}"#),
        "{}",
        text(&response)
    );
}

#[test]
fn grpc_requests_are_told_by_their_content_type() {
    for yes in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc;charset=utf-8",
        "application/grpc-web",
        "application/grpc-web-text+proto",
    ] {
        assert!(is_grpc(&parts(&[("content-type", yes)]).headers), "{yes}");
    }
    for no in [
        "application/json",
        "application/grpcx",
        "text/plain; application/grpc",
        "",
        "application/grp",
    ] {
        assert!(!is_grpc(&parts(&[("content-type", no)]).headers), "{no}");
    }
    assert!(!is_grpc(&parts(&[]).headers));
}

#[test]
fn grpc_answers_are_200_with_the_status_in_the_headers() {
    let grpc = parts(&[("content-type", "application/grpc+proto")]);
    for (status, code) in [
        (400, "3"),
        (401, "16"),
        (403, "7"),
        (404, "5"),
        (409, "10"),
        (413, "3"),
        (415, "3"),
        (422, "3"),
        (429, "8"),
        (500, "13"),
        (503, "14"),
        (418, "13"),
    ] {
        let denial = Denial::new(StatusCode::from_u16(status).unwrap(), "some_code")
            .with_detail("50% größer");
        let response = DefaultRenderer.render(&denial, &grpc);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], code, "{status}");
        assert_eq!(
            response.headers()["grpc-message"],
            "some_code: 50%25 gr%C3%B6%C3%9Fer"
        );
        assert_eq!(response.headers()["content-type"], "application/grpc+proto");
        assert!(response.body().is_empty());
    }
    let silent = GrpcStatus.render(
        &Denial::new(StatusCode::FORBIDDEN, "x"),
        &parts(&[("content-type", "text/html")]),
    );
    assert_eq!(
        (
            silent.headers()["content-type"].as_bytes(),
            silent.headers()["grpc-message"].as_bytes()
        ),
        (&b"application/grpc"[..], &b"x"[..])
    );
    let later = GrpcStatus.render(&Denial::rate_limited(Duration::from_secs(7)), &grpc);
    assert_eq!(later.headers()["retry-after"], "7");
}

#[test]
fn the_default_answers_each_in_its_own_way() {
    let json = DefaultRenderer.render(
        &Denial::forbidden(),
        &parts(&[("content-type", "application/json")]),
    );
    assert_eq!(json.headers()["content-type"], "application/problem+json");
}

fn browser(uri: &str) -> Parts {
    let mut parts = parts(&[("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")]);
    parts.uri = uri.parse().unwrap();
    parts
}

fn location(page: &str, uri: &str) -> String {
    let response = LoginRedirect::to(page).render(&Denial::unauthenticated(), &browser(uri));
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[test]
fn a_browser_is_sent_to_the_login_page() {
    assert_eq!(
        location("/login", "/notes?page=2&x=a b".replace(' ', "+").as_str()),
        "/login?next=/notes%3Fpage%3D2%26x%3Da%2Bb"
    );
    assert_eq!(location("/login?lang=en", "/"), "/login?lang=en&next=/");
    assert_eq!(
        location("/login", "http://example.com/notes"),
        "/login?next=/notes",
        "path and query alone"
    );
}

#[test]
fn ac_a9_next_is_never_another_site() {
    for uri in [
        "//evil.example",
        "//evil.example/a",
        "///evil.example",
        "/\\evil.example",
        "/\\/evil.example",
        "http://example.com//evil.example",
        "http://example.com/\\evil.example",
    ] {
        let location = location("/login", uri);
        let next = location.strip_prefix("/login?next=").unwrap();
        assert!(next.starts_with("/evil.example"), "{uri}: {location}");
    }
    for uri in [
        "/%2F/evil.example",
        "/a//b",
        "/?next=//evil.example",
        "/@evil.example",
        "/http://evil.example",
    ] {
        let location = location("/login", uri);
        let next = location.strip_prefix("/login?next=").unwrap();
        assert!(
            next.starts_with('/') && !next.starts_with("//"),
            "{uri}: {location}"
        );
        assert!(
            !next.contains(['?', '&', '#', '\\', '@', ':']),
            "{location}"
        );
    }
}

#[test]
fn only_browsers_that_must_log_in_are_redirected() {
    let renderer = LoginRedirect::to("/login");
    let stays = |denial: &Denial, request: &Parts| {
        let response = renderer.render(denial, request);
        assert_eq!(response.status(), denial.status());
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    };
    stays(&Denial::forbidden(), &browser("/"));
    stays(&Denial::unavailable(), &browser("/"));
    stays(&Denial::unauthenticated(), &parts(&[]));
    stays(&Denial::unauthenticated(), &parts(&[("accept", "*/*")]));
    stays(
        &Denial::unauthenticated(),
        &parts(&[("accept", "application/json, text/html")]),
    );
    for method in [
        Method::POST,
        Method::PUT,
        Method::OPTIONS,
        Method::from_bytes(b"BREW").unwrap(),
    ] {
        let mut request = browser("/");
        request.method = method;
        stays(&Denial::unauthenticated(), &request);
    }
    let mut head = browser("/");
    head.method = Method::HEAD;
    assert_eq!(
        renderer.render(&Denial::unauthenticated(), &head).status(),
        303
    );
}

#[test]
fn a_redirect_still_clears_the_cookie_that_the_denial_clears() {
    let denial = Denial::unauthenticated().with_header(
        header::SET_COOKIE,
        HeaderValue::from_static("session=; Max-Age=0"),
    );
    let response = LoginRedirect::to("/login").render(&denial, &browser("/"));
    assert_eq!(response.headers()["set-cookie"], "session=; Max-Age=0");
}

#[tokio::test]
async fn one_renderer_serves_the_layer_and_the_guards_inside_it() {
    let own = render_fn(|denial: &Denial, parts: &Parts| {
        let text = format!("{} {}", parts.uri.path(), denial.code());
        Response::builder()
            .status(denial.status())
            .body(Bytes::from(text))
            .unwrap()
    });
    let authn = AuthnLayer::new()
        .scheme(Told::new("told", Place::Header("x-one")))
        .renderer(own);
    let stack = tower::ServiceBuilder::new()
        .layer(authn)
        .layer(portcullis_core::require(portcullis_core::role("admin")));
    for (headers, status, body) in [
        (&[("x-one", "broken")][..], 401, "/ broken"),
        (&[], 401, "/ unauthenticated"),
        (&[("x-one", "user:a")], 403, "/ forbidden"),
    ] {
        let answer = through(&stack, request(headers)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (status, body)
        );
        assert!(answer.denial.is_some(), "whatever the renderer answers");
    }
}

#[test]
fn a_denial_in_a_log_is_its_status_and_code() {
    let denial = Denial::invalid_credential("broken")
        .with_header("x-secret", HeaderValue::from_static("hunter2"));
    assert_eq!(denial.to_string(), "401 broken");
    assert!(!format!("{denial:?}").contains("hunter2"));
    let _: &dyn std::error::Error = &denial;
    assert_eq!(
        size_of::<Denial>(),
        size_of::<usize>(),
        "small enough to be an error type"
    );
}

proptest! {
    #[test]
    fn any_denial_renders_for_any_request(
        code in ".{0,20}", detail in ".{0,40}", reason in ".{0,20}", field in ".{0,20}",
        status in 400_u16..600, path in "[!-\"$-;=@-_a-~]{0,30}", grpc in any::<bool>(),
    ) {
        let denial = Denial::new(StatusCode::from_u16(status).unwrap(), code.clone())
            .with_detail(detail.clone()).with_reason(reason).with_field(field, detail);
        let mut request = if grpc { parts(&[("content-type", "application/grpc")]) } else { browser("/") };
        if let Ok(uri) = format!("/{path}").parse() {
            request.uri = uri;
        }
        let grpc = GrpcStatus.render(&denial, &request);
        prop_assert!(grpc.headers()["grpc-message"].to_str().is_ok());
        let json = ProblemJson.render(&denial, &request);
        let value: serde_json::Value = serde_json::from_slice(json.body()).unwrap();
        prop_assert_eq!(value["code"].as_str(), Some(code.as_str()));
        let redirect = LoginRedirect::to("/login").render(&denial, &request);
        if let Some(location) = redirect.headers().get("location") {
            let location = location.to_str().unwrap();
            let next = location.strip_prefix("/login?next=/").unwrap();
            prop_assert!(!next.starts_with('/') && !next.starts_with("%5C") && !next.starts_with('\\'), "{}", location);
        }
    }
}
