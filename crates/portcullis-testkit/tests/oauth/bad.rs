//! Stand-ins that misbehave.

use std::time::Duration;

use portcullis_testkit::oauth::{Behaviour, Browser, Client, Endpoint, StandIn};
use tokio::time::timeout;

use crate::http;

const SHORT: Duration = Duration::from_millis(300);

async fn github_with(behaviour: Behaviour) -> (StandIn, String) {
    let github = StandIn::github(Client::new("client", "secret"))
        .await
        .unwrap();
    github.misbehave(Endpoint::Userinfo, behaviour);
    let url = format!("{}/user", github.url());
    (github, url)
}

#[tokio::test]
async fn they_answer_what_they_are_told_to() {
    let (github, url) = github_with(Behaviour::status(500)).await;
    assert_eq!(http::get(&url, &[]).await.status, 500);
    github.misbehave(Endpoint::Userinfo, Behaviour::page());
    let page = http::get(&url, &[]).await;
    assert_eq!(
        (page.status, &*page.content_type),
        (200, "text/html; charset=utf-8")
    );
    github.misbehave(Endpoint::Userinfo, Behaviour::Giant { bytes: 3_000_000 });
    let giant = http::get(&url, &[]).await.json();
    assert_eq!(giant["padding"].as_str().unwrap().len(), 3_000_000);
    let to = "http://127.0.0.1:1/".to_owned();
    github.misbehave(Endpoint::Userinfo, Behaviour::Redirect { status: 307, to });
    let sent = Browser::new().follow(&url, "http://127.0.0.1:1/").await;
    assert_eq!(sent.unwrap(), "http://127.0.0.1:1/");
    github.behave();
    assert_eq!(
        http::get(&url, &[("user-agent", "tests")]).await.status,
        401
    );
}

#[tokio::test]
async fn some_answers_never_end() {
    for behaviour in [Behaviour::Silence, Behaviour::Drip, Behaviour::Endless] {
        let (_github, url) = github_with(behaviour.clone()).await;
        let answer = timeout(SHORT, http::get(&url, &[])).await;
        assert!(answer.is_err(), "{behaviour:?}");
    }
}

#[tokio::test]
async fn some_hang_up() {
    let (_github, url) = github_with(Behaviour::HangUp).await;
    let visit = Browser::new().visit(&url).await;
    assert!(visit.is_err());
}
