//! What applications, and whoever gets text into them, may not do to an authorisation request (AC-A1, AC-A2).

use std::time::Duration;

use portcullis_oauth::{Authorize, Callback, Provider};
use portcullis_testkit::oauth::{Endpoint, HostileProvider, Person, StandIn};

use crate::parties::{
    CALLBACK, ID, PATIENCE, SECRET, built, client, hostile, log_in, oidc, refusal, walk,
};

const STATE: &str = "a-state-of-the-applications-own-0123456789-x";

fn google() -> Provider {
    built(Provider::google(ID, SECRET).timeout(PATIENCE))
}

async fn refused(request: Authorize) -> &'static str {
    refusal(google().authorize(request).await).0
}

#[tokio::test]
async fn ac_a1_a_place_to_come_back_to_that_is_none() {
    let bad = [
        "",
        "/callback",
        "//app.example/callback",
        "http://app.example/callback",
        "https://app.example/callback#fragment",
        "https://user@app.example/callback",
        "https://user:password@app.example/callback",
        "https://app.example\\@attacker.example/callback",
        "https://app.example/call\tback",
        "https://app.example/call\r\nback",
        "https://app.example/call back",
        "https://äpp.example/callback",
        "https:app.example/callback",
        "https:/app.example/callback",
        "https:///app.example/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://127.0.0.1.attacker.example/callback",
        "http://localhost.attacker.example/callback",
    ];
    for uri in bad {
        assert_eq!(
            refused(Authorize::new(uri)).await,
            "invalid_request",
            "{uri}"
        );
    }
    for uri in [
        "https://app.example/callback?a=b",
        "http://localhost:3000/c",
        "http://[::1]:3000/c",
        "http://127.0.0.1/c",
    ] {
        assert_eq!(refused(Authorize::new(uri)).await, "none", "{uri}");
    }
}

#[tokio::test]
async fn ac_a1_a_state_that_can_be_guessed_or_breaks_out() {
    let short = "x".repeat(42);
    let long = "x".repeat(5000);
    let bad = [
        "",
        &short,
        &long,
        &format!("{STATE}\r\nSet-Cookie: a=b"),
        &format!("{STATE} x"),
        &format!("{STATE}ä"),
        &format!("{STATE}\0"),
    ];
    for state in bad {
        assert_eq!(
            refused(Authorize::new(CALLBACK).state(state)).await,
            "invalid_request",
            "{state:?}"
        );
    }
    let odd = format!("{STATE}&redirect_uri=https://attacker.example&x=%0d%0a\"'<>#?=+/");
    let made = google()
        .authorize(Authorize::new(CALLBACK).state(odd.as_str()))
        .await
        .unwrap();
    assert_eq!(values(&made.url, "state"), [odd]);
    assert_eq!(values(&made.url, "redirect_uri"), [CALLBACK]);
    assert!(made.url.bytes().all(|byte| byte.is_ascii_graphic()));
}

#[tokio::test]
async fn ac_a1_reserved_parameters_are_nobody_elses() {
    let reserved = [
        "state",
        "client_id",
        "client_secret",
        "redirect_uri",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "nonce",
        "scope",
        "STATE",
        "Redirect_URI",
        "request",
        "request_uri",
        "max_age",
        "hd",
        "",
        "a b",
        "a&b",
        "a=b",
        "scope\0",
        "ä",
    ];
    for name in reserved {
        let request = Authorize::new(CALLBACK).parameter(name, "x");
        assert_eq!(refused(request).await, "invalid_request", "{name:?}");
        assert!(
            Provider::google(ID, SECRET)
                .parameter(name, "x")
                .build()
                .is_err(),
            "{name:?}"
        );
    }
    let twice = Authorize::new(CALLBACK)
        .parameter("resource", "a")
        .parameter("resource", "b");
    assert_eq!(refused(twice).await, "invalid_request");
}

#[tokio::test]
async fn ac_a2_every_parameter_stands_in_the_url_once() {
    let odd = "x&state=evil&redirect_uri=https%3A%2F%2Fattacker.example\r\nLocation: #?";
    let request = Authorize::new(CALLBACK)
        .login_hint("a@example.com")
        .login_hint(odd)
        .prompt(odd)
        .parameter("resource", odd)
        .max_age(Duration::MAX);
    let made = google().authorize(request).await.unwrap();
    for name in [
        "state",
        "redirect_uri",
        "client_id",
        "nonce",
        "scope",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "max_age",
        "login_hint",
        "prompt",
        "resource",
    ] {
        assert_eq!(values(&made.url, name).len(), 1, "{name}");
    }
    assert_eq!(values(&made.url, "login_hint"), [odd]);
    assert_eq!(values(&made.url, "response_type"), ["code"]);
    assert_eq!(values(&made.url, "code_challenge_method"), ["S256"]);
    assert!(
        made.url
            .starts_with("https://accounts.google.com/o/oauth2/v2/auth?")
    );
    assert!(made.url.bytes().all(|byte| byte.is_ascii_graphic()));
}

fn values(url: &str, name: &str) -> Vec<String> {
    let (_, query) = url.split_once('?').unwrap();
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

#[tokio::test]
async fn nothing_secret_is_shown_by_debug() {
    let github = StandIn::github(client()).await.unwrap();
    github.allow_redirect(CALLBACK);
    github.add_person(Person::new(583_231, "octocat").with_address("octocat@example.com", true));
    let builder = Provider::github(ID, SECRET).base_url(github.url());
    let mut shown = format!("{builder:?} {:?}", Authorize::new(CALLBACK).state(STATE));
    let provider = built(builder.timeout(PATIENCE));
    let authorization = provider.authorize(Authorize::new(CALLBACK)).await.unwrap();
    shown += &format!("{provider:?} {authorization:?}");
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK).state(STATE)).await;
    let callback = Callback::from_query(&query).unwrap();
    let exchanged = provider.exchange(&pending, &callback).await.unwrap();
    shown += &format!(
        "{pending:?} {callback:?} {exchanged:?} {:?} {:?}",
        exchanged.tokens, exchanged.profile
    );
    let kept = serde_json::to_value([&pending, &authorization.pending]).unwrap();
    let kept = kept
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|pending| [pending["state"].clone(), pending["verifier"].clone()]);
    let kept = kept.map(|secret| secret.as_str().unwrap().to_owned());
    let secrets = github.secrets().into_iter().chain(kept).chain([
        SECRET.to_owned(),
        STATE.to_owned(),
        "octocat".to_owned(),
    ]);
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} is shown in {shown}");
    }
}

/// Whoever holds on to nothing may wait on any thread.
#[tokio::test]
async fn all_that_is_asked_can_be_waited_for_anywhere() {
    fn sent<T: Send>(future: T) -> T {
        future
    }
    let github = StandIn::github(client()).await.unwrap();
    github.allow_redirect(CALLBACK);
    github.add_person(Person::new(583_231, "octocat"));
    let provider = built(
        Provider::github(ID, SECRET)
            .base_url(github.url())
            .timeout(PATIENCE),
    );
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    let callback = Callback::from_query(&query).unwrap();
    let exchanged = sent(provider.exchange(&pending, &callback)).await.unwrap();
    let token = exchanged.tokens.access_token();
    let known = sent(provider.userinfo(token)).await.unwrap();
    assert_eq!(known.subject, "583231");
    let refreshed = sent(provider.refresh("unknown")).await;
    assert_eq!(refusal(refreshed).0, "provider_error");
    let begun = sent(provider.authorize(Authorize::new(CALLBACK))).await;
    assert!(begun.is_ok());
}

/// What is kept between the two halves comes back as it went, whatever the provider says.
#[tokio::test]
async fn what_is_kept_survives_being_kept() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    let (pending, query) = walk(
        &provider,
        Authorize::new(CALLBACK).max_age(Duration::from_secs(60)),
    )
    .await;
    let kept = serde_json::from_str(&serde_json::to_string(&pending).unwrap()).unwrap();
    hostile
        .play(&[portcullis_testkit::oauth::Trick::logged_in_ago(5)])
        .await;
    let exchanged = provider
        .exchange(&kept, &Callback::from_query(&query).unwrap())
        .await
        .unwrap();
    let text = serde_json::to_string(&exchanged.tokens).unwrap();
    let tokens: portcullis_oauth::ProviderTokens = serde_json::from_str(&text).unwrap();
    assert_eq!(tokens.access_token(), exchanged.tokens.access_token());
    assert_eq!(tokens.refresh_token(), exchanged.tokens.refresh_token());
    for expires_in in [
        serde_json::json!(1_u64 << 53),
        serde_json::json!(1_u64 << 62),
    ] {
        let response = serde_json::json!({ "expires_in": expires_in });
        hostile
            .play(&[portcullis_testkit::oauth::Trick::TokenResponse(response)])
            .await;
        let tokens = log_in(&provider).await.unwrap().tokens;
        let text = serde_json::to_string(&tokens).unwrap();
        let again: portcullis_oauth::ProviderTokens = serde_json::from_str(&text).unwrap();
        assert!(again.expires_at().is_some());
    }
}

/// Somebody who makes many logins begin at once does not make the application ask as often.
#[tokio::test(flavor = "multi_thread")]
async fn many_logins_ask_for_discovery_once() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    let logins: Vec<_> = (0..50)
        .map(|_| {
            let provider = provider.clone();
            tokio::spawn(async move { provider.authorize(Authorize::new(CALLBACK)).await.is_ok() })
        })
        .collect();
    for login in logins {
        assert!(login.await.unwrap());
    }
    assert_eq!(discoveries(&hostile).await, 1);
}

async fn discoveries(hostile: &HostileProvider) -> usize {
    let requests = hostile.requests().await;
    requests
        .iter()
        .filter(|request| request.ends_with("openid-configuration"))
        .count()
}

/// One code, many times at once: whoever stands in for GitHub gives one token, and all others are refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_comes_many_times_at_once() {
    let github = StandIn::github(client()).await.unwrap();
    github.allow_redirect(CALLBACK);
    github.add_person(Person::new(583_231, "octocat"));
    let provider = built(
        Provider::github(ID, SECRET)
            .base_url(github.url())
            .timeout(PATIENCE),
    );
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    let exchanges: Vec<_> = (0..16)
        .map(|_| {
            let (provider, pending) = (provider.clone(), pending.clone());
            let callback = Callback::from_query(&query).unwrap();
            tokio::spawn(async move { refusal(provider.exchange(&pending, &callback).await) })
        })
        .collect();
    let mut outcomes = Vec::new();
    for exchange in exchanges {
        outcomes.push(exchange.await.unwrap());
    }
    outcomes.sort_unstable();
    assert_eq!(outcomes[0], ("none", None));
    assert!(
        outcomes[1..]
            .iter()
            .all(|outcome| *outcome == ("provider_error", Some("bad_verification_code")))
    );
    assert_eq!(github.requests_to(Endpoint::Token).len(), 16);
    assert_eq!(github.tokens_of(583_231), 1);
}
