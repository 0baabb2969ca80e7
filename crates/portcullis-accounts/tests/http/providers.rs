//! Rows 22 and 23 of the contract, and what rows 18 and 26 say of providers.

use std::time::Duration;

use http::Method;
use portcullis_accounts::Collection;
use serde_json::{Value, json};

use super::client::{Answer, Api, are_tokens, has_exactly, is_id, is_time};
use crate::oauth::{ADA, Stage, code_in, parameter, stage, stage_of_fresh_logins, stage_with};

struct Site {
    stage: Stage,
    api: Api,
}

async fn site() -> Site {
    site_of(stage(Collection::new()).await)
}

fn site_of(stage: Stage) -> Site {
    let h = crate::common::Harness {
        accounts: stage.h.accounts.clone(),
        store: stage.h.store.clone(),
        clock: stage.h.clock.clone(),
        mail: stage.h.mail.clone(),
    };
    let service = h.accounts.service();
    Site {
        stage,
        api: Api { h, service },
    }
}

impl Answer {
    #[track_caller]
    fn leads_to(&self, start: &str) -> String {
        assert_eq!(self.status, 303, "{}", self.text);
        assert_eq!(self.header("referrer-policy"), "no-referrer");
        assert_eq!(self.text, "");
        let location = self.header("location").to_owned();
        assert!(location.starts_with(start), "{location}");
        location
    }
}

impl Site {
    /// From the start to what the provider sends the browser back with, and the cookie of the browser.
    async fn there(&self, query: &str) -> (String, String) {
        let path = format!("/users/oauth/github/start{query}");
        let answer = self.api.get(&path).send().await;
        let url = answer.leads_to(&self.stage.github.url());
        (self.stage.visit(&url).await, answer.cookies())
    }

    async fn back(&self, query: &str, cookie: &str) -> Answer {
        let path = format!("/users/oauth/github/callback?{query}");
        self.api.get(&path).cookie(cookie).send().await
    }

    async fn log_in(&self) -> Answer {
        let (query, cookie) = self.there("?mode=token").await;
        let location = self
            .back(&query, &cookie)
            .await
            .leads_to("https://app.example/?code=");
        let code = code_in(&location).unwrap();
        self.api
            .post("/users/oauth/exchange", json!({ "code": code }))
            .send()
            .await
    }
}

#[tokio::test]
async fn row_22_for_tokens() {
    let site = site().await;
    let (query, cookie) = site
        .there("?redirectTo=%2Fwelcome&mode=token&remember=true")
        .await;
    assert!(cookie.starts_with("__Host-oauth="));
    let back = site.back(&query, &cookie).await;
    assert!(back.set_cookies().is_empty());
    let location = back.leads_to("https://app.example/welcome?code=");
    let body = json!({ "code": code_in(&location).unwrap() });
    let answer = site
        .api
        .post("/users/oauth/exchange", body.clone())
        .send()
        .await
        .is(200);
    are_tokens(&answer);
    site.api
        .post("/users/oauth/exchange", body)
        .send()
        .await
        .refused(400, "invalid_state");
    let sessions = site
        .api
        .get("/users/sessions")
        .bearer(answer.token())
        .send()
        .await
        .is(200);
    assert_eq!(sessions.body["sessions"][0]["remember"], true);
}

#[tokio::test]
async fn row_22_for_a_cookie() {
    let site = site().await;
    let (query, cookie) = site.there("?mode=cookie").await;
    let back = site.back(&query, &cookie).await;
    back.leads_to("https://app.example/");
    let session = back
        .set_cookies()
        .into_iter()
        .find(|line| line.starts_with("__Host-session="));
    let flags = session.unwrap();
    for flag in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(flags.contains(flag), "{flags}");
    }
    let me = site
        .api
        .get("/users/me")
        .cookie(&back.cookies())
        .send()
        .await
        .is(200);
    assert_eq!(me.body["user"]["email"], ADA);
    assert_eq!(me.body["authType"], "session");
}

#[tokio::test]
async fn row_22_refusals() {
    let site = site().await;
    let start = |query: &str| {
        let path = format!("/users/oauth/github/start{query}");
        let site = &site;
        async move { site.api.get(&path).send().await }
    };
    start("?redirectTo=https://evil.example")
        .await
        .refused(422, "redirect_not_allowed");
    start("?redirectTo=%2F%2Fevil.example")
        .await
        .refused(422, "redirect_not_allowed");
    start("?mode=other").await.refused(422, "invalid_field");
    start("?remember=yes").await.refused(422, "invalid_field");
    start("?codeChallenge=x")
        .await
        .refused(422, "invalid_field");
    start("?mode=token&mode=cookie")
        .await
        .refused(422, "invalid_field");
    start("?prompt=none")
        .await
        .refused(422, "field_not_allowed");
    for path in [
        "/users/oauth/google/start",
        "/users/oauth/google/callback",
        "/users/oauth//start",
    ] {
        site.api.get(path).send().await.refused(404, "not_found");
    }
    let callback = site
        .api
        .get("/users/oauth/github/callback?code=x&state=y&scope=z")
        .send()
        .await;
    assert!(
        callback
            .refused(400, "invalid_state")
            .headers
            .get("location")
            .is_none()
    );
    let body = json!({ "code": "x", "codeVerifier": null });
    site.api
        .post("/users/oauth/exchange", body)
        .send()
        .await
        .refused(422, "invalid_field");

    let (query, cookie) = site.there("").await;
    site.stage.github.deny(true);
    let (denied, other) = site.there("").await;
    site.back(&denied, &other)
        .await
        .leads_to("https://app.example/?error=access_denied");
    site.back(&query, &other)
        .await
        .refused(400, "invalid_state");
    site.back(&query, &cookie)
        .await
        .leads_to("https://app.example/?code=");
}

/// What asks for a page without wanting it uses nothing up: neither `HEAD` nor another method does anything at the callback.
#[tokio::test]
async fn nothing_but_get_comes_back() {
    let site = site().await;
    let (query, cookie) = site.there("").await;
    let path = format!("/users/oauth/github/callback?{query}");
    for method in [Method::HEAD, Method::POST, Method::OPTIONS, Method::DELETE] {
        let answer = site.api.ask(method, &path).cookie(&cookie).send().await;
        assert_eq!(answer.status, 405);
    }
    site.back(&query, &cookie)
        .await
        .leads_to("https://app.example/?code=");
}

/// A credential that comes along, good or broken, is not looked at.
#[tokio::test]
async fn a_broken_credential_does_not_stand_in_the_way() {
    let site = site().await;
    let answer = site
        .api
        .get("/users/oauth/github/start")
        .bearer("broken")
        .send()
        .await;
    answer.leads_to(&site.stage.github.url());
    let (query, cookie) = site.there("").await;
    let cookies = format!("{cookie}; __Host-session=broken");
    site.back(&query, &cookies)
        .await
        .leads_to("https://app.example/?code=");
}

#[tokio::test]
async fn row_23() {
    let site = site_of(stage_of_fresh_logins(Collection::new()).await);
    let answer = site.log_in().await.is(200);
    let token = answer.token();
    site.api.h.wait(Duration::from_millis(1));
    let path = "/users/oauth/discord/link";
    let started = site
        .api
        .ask(Method::POST, path)
        .bearer(token)
        .send()
        .await
        .is(200);
    has_exactly(&started.body, &["url"]);
    let url = started.body["url"].as_str().unwrap();
    assert!(url.starts_with(&site.stage.discord.url()));
    let query = site.stage.visit(url).await;
    let callback = format!("/users/oauth/discord/callback?{query}");
    let back = site
        .api
        .get(&callback)
        .cookie(&started.cookies())
        .send()
        .await;
    assert_eq!(
        back.leads_to("https://app.example/"),
        "https://app.example/"
    );

    let list = site
        .api
        .get("/users/identities")
        .bearer(token)
        .send()
        .await
        .is(200);
    has_exactly(&list.body, &["identities"]);
    let all = list.body["identities"].as_array().unwrap();
    let names: Vec<&Value> = all.iter().map(|identity| &identity["provider"]).collect();
    assert_eq!(names, ["github", "discord"]);
    has_exactly(
        &all[0],
        &["id", "provider", "email", "createdAt", "lastUsedAt"],
    );
    is_id(&all[0]["id"]);
    is_time(&all[0]["createdAt"]);
    assert!(all[0]["lastUsedAt"].is_null() && all[0]["email"] == ADA);

    let body = json!({ "redirectTo": "https://evil.example" });
    let refused = site.api.post(path, body).bearer(token).send().await;
    refused.refused(422, "redirect_not_allowed");
    let identity = |id: &Value| format!("/users/identities/{}", id.as_str().unwrap());
    let nobodys = identity(&json!("018f0000-0000-7000-8000-000000000000"));
    let unlink = |path: &str| site.api.delete(path).bearer(token).send();
    unlink(&nobodys).await.refused(404, "not_found");
    unlink(&identity(&all[0]["id"])).await.is(204);
    // The provider is gone, and with it who came by it.
    unlink(&identity(&all[1]["id"]))
        .await
        .refused(401, "invalid_token");
}

#[tokio::test]
async fn row_23_is_for_fresh_logins() {
    let site = site_of(stage_of_fresh_logins(Collection::new()).await);
    for (method, path) in [
        (Method::GET, "/users/identities"),
        (Method::DELETE, "/users/identities/x"),
        (Method::POST, "/users/oauth/github/link"),
    ] {
        site.api
            .ask(method, path)
            .send()
            .await
            .refused(401, "unauthenticated");
    }
    let answer = site.log_in().await;
    let key = site.api.key(answer.token(), json!(["read", "write"])).await;
    site.api
        .get("/users/identities")
        .key(&key)
        .send()
        .await
        .is(200);
    for (method, path) in [
        (Method::DELETE, "/users/identities/x"),
        (Method::POST, "/users/oauth/github/link"),
    ] {
        site.api
            .ask(method, path)
            .key(&key)
            .send()
            .await
            .refused(403, "key_not_allowed");
    }
    let (query, cookie) = site.there("?mode=cookie").await;
    let session = site.back(&query, &cookie).await.cookies();
    let link = || {
        site.api
            .ask(Method::POST, "/users/oauth/discord/link")
            .cookie(&session)
    };
    link()
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .refused(403, "cross_site");
    link().same_origin().send().await.is(200);
}

#[tokio::test]
async fn row_26_says_which_providers_there_are() {
    let site = site().await;
    let answer = site.api.get("/users/auth-methods").send().await.is(200);
    let expected = json!([
        { "name": "github", "title": "GitHub" },
        { "name": "discord", "title": "Discord" },
    ]);
    assert_eq!(answer.body["providers"], expected);
}

#[tokio::test]
async fn the_document_tells_of_redirects() {
    let site = site().await;
    let document = site.api.get("/openapi.json").send().await.is(200).body;
    let start = &document["paths"]["/users/oauth/{provider}/start"]["get"];
    let names: Vec<_> = start["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(
        names,
        [
            "provider",
            "redirectTo",
            "mode",
            "remember",
            "codeChallenge",
            "fresh"
        ]
    );
    for path in ["start", "callback"] {
        let of = &document["paths"][format!("/users/oauth/{{provider}}/{path}")]["get"];
        let answer = &of["responses"]["303"];
        assert!(
            answer["headers"]["Location"].is_object() && answer["content"].is_null(),
            "{answer}"
        );
        assert!(of["responses"]["200"].is_null());
    }
    let callback = &document["paths"]["/users/oauth/{provider}/callback"]["get"];
    assert_eq!(callback["parameters"].as_array().unwrap().len(), 1);
}

/// 30 a minute each, by address; the other endpoints go on.
#[tokio::test]
async fn each_step_is_limited() {
    let site = site().await;
    let exchange = || {
        site.api
            .post("/users/oauth/exchange", json!({ "code": "x" }))
    };
    for _ in 0..30 {
        site.api
            .get("/users/oauth/github/start")
            .from("192.0.2.1")
            .send()
            .await
            .is(303);
        site.api
            .get("/users/oauth/github/callback")
            .from("192.0.2.1")
            .send()
            .await
            .is(400);
        exchange().from("192.0.2.1").send().await.is(400);
    }
    for path in ["/users/oauth/github/start", "/users/oauth/github/callback"] {
        site.api
            .get(path)
            .from("192.0.2.1")
            .send()
            .await
            .refused(429, "rate_limited");
        site.api.get(path).from("192.0.2.2").send().await;
    }
    exchange()
        .from("192.0.2.1")
        .send()
        .await
        .refused(429, "rate_limited");
    site.api
        .get("/users/oauth/github/start")
        .from("192.0.2.2")
        .send()
        .await
        .is(303);
}

/// Where cookies are insecure by choice, so is this one; and the base of callbacks is what the settings say, whatever `Host` says.
#[tokio::test]
async fn the_redirect_uri_is_configured() {
    let stage = stage_with(Collection::new(), |builder| {
        builder
            .oauth_callback_base("https://api.example/v1/")
            .cookie(portcullis_session::SessionCookie::new().with_insecure_cookies())
    })
    .await;
    let site = site_of(stage);
    let answer = site
        .api
        .get("/users/oauth/github/start")
        .header("host", "evil.example");
    let answer = answer
        .header("x-forwarded-host", "evil.example")
        .send()
        .await;
    let url = answer.leads_to(&site.stage.github.url());
    let expected = "https%3A%2F%2Fapi.example%2Fv1%2Fusers%2Foauth%2Fgithub%2Fcallback";
    assert_eq!(parameter(&url, "redirect_uri").unwrap(), expected);
    assert!(answer.set_cookies()[0].starts_with("oauth="));
    assert!(!answer.set_cookies()[0].contains("Secure"));
}
