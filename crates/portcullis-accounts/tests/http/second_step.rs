//! Rows 2 and 3 of the contract, and enrolment at login: v5.0.0-6.3.3, v5.0.0-6.3.4.

use portcullis_accounts::Collection;
use portcullis_core::Clock as _;
use serde_json::{Value, json};

use crate::access::Operation;
use crate::app::{App, STEP, with_factor};
use crate::client::{Answer, Api, api, api_of, are_tokens, has_exactly, is_user};
use crate::common::{PASSWORD, harness_on};

const ADA: &str = "ada@example.com";

/// The same accounts, under other settings.
fn under(api: &Api, settings: Collection) -> Api {
    let (store, clock) = (api.h.store.clone(), api.h.clock.clone());
    let h = harness_on(store, clock, settings, |builder| builder);
    let service = h.accounts.service();
    Api { h, service }
}

async fn log_in(api: &Api, mode: &str) -> Answer {
    let body = json!({ "email": ADA, "password": PASSWORD, "mode": mode });
    api.post("/users/login", body).send().await.is(200)
}

/// A challenge as the contract has it.
#[track_caller]
fn challenge(answer: &Answer, methods: &Value, expires_in: u64) -> String {
    has_exactly(
        &answer.body,
        &["mfaRequired", "challenge", "methods", "expiresIn"],
    );
    assert_eq!(answer.body["mfaRequired"], true);
    assert_eq!(&answer.body["methods"], methods);
    assert_eq!(answer.body["expiresIn"], expires_in);
    assert!(answer.set_cookies().is_empty());
    answer.body["challenge"].as_str().unwrap().to_owned()
}

async fn challenged(api: &Api, mode: &str) -> String {
    let answer = log_in(api, mode).await;
    challenge(&answer, &json!(["totp", "recovery"]), 300)
}

async fn totp(api: &Api, challenge: &str, code: &str) -> Answer {
    let body = json!({ "challenge": challenge, "code": code });
    api.post("/users/login/totp", body).send().await
}

#[tokio::test]
async fn row_3_a_code_finishes_the_login() {
    let api = api();
    let app = with_factor(&api.h, ADA).await;
    let token = challenged(&api, "token").await;
    totp(&api, &token, &app.wrong())
        .await
        .refused(401, "invalid_code");
    let answer = totp(&api, &token, &app.code()).await.is(200);
    are_tokens(&answer);
    assert_eq!(answer.body["user"]["mfa"], true);
    totp(&api, &token, &app.code())
        .await
        .refused(401, "challenge_expired");
    let me = api.get("/users/me").bearer(answer.token()).send().await;
    assert_eq!(me.is(200).body["user"]["mfa"], true);

    let token = challenged(&api, "token").await;
    let body = json!({ "challenge": token, "code": app.recovery[0] });
    let answer = api.post("/users/login/recovery", body.clone()).send().await;
    are_tokens(&answer.is(200));
    let again = api.post("/users/login/recovery", body).send().await;
    again.refused(401, "challenge_expired");
}

#[tokio::test]
async fn row_3_in_cookie_mode() {
    let api = api_of(Collection::new().trust_devices(STEP * 100));
    let app = with_factor(&api.h, ADA).await;
    let token = challenged(&api, "cookie").await;
    let body = json!({ "challenge": token, "code": app.code(), "trustDevice": true });
    let answer = api.post("/users/login/totp", body).send().await.is(200);
    has_exactly(&answer.body, &["user"]);
    is_user(&answer.body["user"]);
    let names: Vec<_> = answer
        .set_cookies()
        .iter()
        .map(|line| line.split('=').next().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["__Host-session", "__Host-device", "__Host-trusted"]);
    let cookies = answer.cookies();
    let me = api.get("/users/me").cookie(&cookies).send().await.is(200);
    assert_eq!(me.body["authType"], "session");

    let body = json!({ "email": ADA, "password": PASSWORD });
    let ask = api.post("/users/login", body).same_origin();
    are_tokens(&ask.cookie(&cookies).send().await.is(200));
}

#[tokio::test]
async fn row_3_refuses_bodies_that_are_none() {
    let api = api();
    let app = with_factor(&api.h, ADA).await;
    let token = challenged(&api, "token").await;
    for path in ["/users/login/totp", "/users/login/recovery"] {
        for body in [
            json!({}),
            json!({ "challenge": token }),
            json!({ "code": app.code() }),
            json!({ "challenge": token, "code": 123_456 }),
            json!({ "challenge": null, "code": app.code() }),
        ] {
            let answer = api.post(path, body).send().await;
            answer.refused(422, "invalid_field");
        }
        let body = json!({ "challenge": token, "code": app.code(), "userId": "1" });
        let answer = api.post(path, body).send().await;
        answer.refused(422, "field_not_allowed");
    }
    let body = json!({ "challenge": token, "code": app.code(), "trustDevice": true });
    let answer = api.post("/users/login/totp", body).send().await;
    answer.refused(422, "invalid_field");
    totp(&api, &token, &app.code()).await.is(200);
}

/// Guesses from one client, whatever they guess at.
#[tokio::test]
async fn row_3_is_limited_by_client() {
    let api = api();
    for _ in 0..30 {
        totp(&api, "none", "000000")
            .await
            .refused(401, "challenge_expired");
    }
    totp(&api, "none", "000000")
        .await
        .refused(429, "rate_limited");
}

#[tokio::test]
async fn enrolment_at_login() {
    let api = api();
    api.h.register_proved(ADA).await;
    let api = under(&api, Collection::new().require_mfa(true));
    let token = challenge(&log_in(&api, "token").await, &json!(["enroll"]), 900);
    let body = json!({ "challenge": token });
    let answer = api.post("/users/login/enroll", body).send().await.is(200);
    has_exactly(&answer.body, &["secret", "uri", "qrSvg"]);
    let secret = answer.body["secret"].as_str().unwrap();
    let uri = answer.body["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret));
    assert!(answer.body["qrSvg"].as_str().unwrap().contains("<svg"));
    let app = App::typed(secret, &api.h.clock);
    let activate = |code: String| {
        let body = json!({ "challenge": token, "code": code });
        api.post("/users/login/enroll/activate", body).send()
    };
    activate(app.wrong()).await.refused(401, "invalid_code");
    let answer = activate(app.code()).await.is(200);
    has_exactly(
        &answer.body,
        &[
            "user",
            "token",
            "tokenType",
            "expiresIn",
            "refreshToken",
            "recoveryCodes",
        ],
    );
    assert_eq!(answer.body["recoveryCodes"].as_array().unwrap().len(), 10);
    api.get("/users/me")
        .bearer(answer.token())
        .send()
        .await
        .is(200);
    activate(app.code()).await.refused(401, "challenge_expired");
    api.h.wait(STEP);
    let token = challenged(&api, "token").await;
    are_tokens(&totp(&api, &token, &app.code()).await.is(200));
}

#[tokio::test]
async fn enrolment_at_login_in_cookie_mode() {
    let api = api_of(Collection::new().require_mfa(true));
    let body = json!({ "email": ADA, "password": PASSWORD, "name": "Ada", "mode": "cookie" });
    let answer = api.post("/users/register", body).send().await.is(201);
    let token = challenge(&answer, &json!(["enroll"]), 900);
    let body = json!({ "challenge": token });
    let answer = api.post("/users/login/enroll", body.clone()).send().await;
    answer.refused(403, "email_not_verified");
    let link = api.h.link_to(ADA).await;
    let verified = api.post("/users/verify-email", json!({ "token": link }));
    verified.send().await.is(200);
    let answer = api.post("/users/login/enroll", body).send().await.is(200);
    let app = App::typed(answer.body["secret"].as_str().unwrap(), &api.h.clock);
    let body = json!({ "challenge": token, "code": app.code() });
    let answer = api.post("/users/login/enroll/activate", body).send().await;
    let answer = answer.is(200);
    has_exactly(&answer.body, &["user", "recoveryCodes"]);
    let me = api.get("/users/me").cookie(&answer.cookies()).send().await;
    assert_eq!(me.is(200).body["user"]["mfa"], true);
}

/// v5.0.0-6.3.3: by a login of one factor, where two are demanded, every row that asks who is calling refuses, and says so in the
/// document; every row that does not takes it for nobody's.
#[tokio::test]
async fn a_login_of_one_factor_is_refused_on_every_row() {
    let open = api();
    let tokens = open.register(ADA).await;
    let cookie = open.cookie(ADA).await;
    let api = under(&open, Collection::new().require_mfa(true));
    let bearer = format!("Bearer {}", tokens.token());
    // A session by cookie ends with the first refusal: browsers send the cookie unasked.
    let me = api.get("/users/me").cookie(&cookie).send().await;
    me.refused(401, "mfa_required");
    let (start, mut refused) = (api.h.clock.now(), 0);
    for (name, value, told) in [
        ("authorization", &bearer, "mfa_required"),
        ("cookie", &cookie, "unauthenticated"),
    ] {
        for operation in Operation::all(&api).await {
            let answer = operation.call(&api, Some((name, value))).await;
            api.h.clock.set(start);
            if operation.is_open() {
                assert_ne!(answer.status, 401, "{operation:?}");
                continue;
            }
            answer.refused(401, told);
            assert!(operation.tells(401, "mfa_required"), "{operation:?}");
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused}");
}

/// v5.0.0-6.3.4, v5.0.0-6.4.3: whatever else leads back into an account gives no login, and asks for the code after it.
#[tokio::test]
async fn no_pathway_passes_by_the_second_factor() {
    let api = api();
    let app = with_factor(&api.h, ADA).await;
    let token = challenged(&api, "token").await;
    let session = totp(&api, &token, &app.code()).await.is(200);
    let key = api.key(session.token(), Value::Null).await;
    // A key was made by who had shown both factors; it makes no login and nothing that would outlive it.
    for (path, body) in [
        (
            "/users/change-password",
            json!({ "currentPassword": PASSWORD, "newPassword": "another horse battery" }),
        ),
        ("/users/reauthenticate", json!({ "password": PASSWORD })),
        ("/users/api-keys", json!({ "name": "another" })),
        ("/users/2fa/totp/enroll", json!({})),
    ] {
        let answer = api.post(path, body).key(&key).send().await;
        answer.refused(403, "key_not_allowed");
    }
    let ask = async |path: &str, body: Value| {
        api.h.wait(STEP * 4);
        let ask = api.post(path, body).bearer(session.token());
        ask.send().await.is(202);
    };
    let (email, new) = (
        json!({ "email": ADA }),
        json!({ "email": "ada@example.org" }),
    );
    ask("/users/forgot-password", email.clone()).await;
    let reset = api.h.link_to(ADA).await;
    ask("/users/change-email", new).await;
    let change = api.h.link_to("ada@example.org").await;
    let nothing_given = |answer: &Answer| {
        for member in ["token", "refreshToken", "challenge", "code"] {
            assert!(answer.body.get(member).is_none(), "{}", answer.text);
        }
        assert!(answer.set_cookies().is_empty());
    };
    let confirm = api.post("/users/change-email/confirm", json!({ "token": change }));
    nothing_given(&confirm.send().await.is(200));
    let undo = json!({ "token": api.h.link_to(ADA).await });
    let undo = api.post("/users/change-email/undo", undo).send().await;
    nothing_given(&undo.is(200));
    api.h.wait(STEP * 4);
    let asked = api.post("/users/forgot-password", email.clone());
    asked.send().await.is(202);
    let stale = json!({ "token": reset, "password": PASSWORD });
    let stale = api.post("/users/reset-password", stale).send().await;
    stale.refused(400, "invalid_token");
    let fresh = json!({ "token": api.h.link_to(ADA).await, "password": PASSWORD });
    let fresh = api.post("/users/reset-password", fresh).send().await;
    nothing_given(&fresh.is(200));
    for mode in ["token", "cookie"] {
        api.h.wait(STEP);
        let token = challenged(&api, mode).await;
        totp(&api, &token, &app.code()).await.is(200);
    }
}

/// AC-S7: a login that is let in nowhere can be ended, and is over then, also where no second factor is demanded any more.
#[tokio::test]
async fn a_login_of_one_factor_can_be_ended() {
    let open = api();
    let tokens = open.register(ADA).await;
    let cookie = open.cookie(ADA).await;
    let api = under(&open, Collection::new().require_mfa(true));
    let out = api.post("/users/logout", json!({})).bearer(tokens.token());
    out.send().await.is(204);
    let out = api.post("/users/logout", json!({})).same_origin();
    let out = out.cookie(&cookie).send().await.is(204);
    assert!(out.set_cookies()[0].contains("Max-Age=0"));
    let refresh = json!({ "refreshToken": tokens.refresh() });
    let refresh = open.post("/users/refresh-token", refresh).send().await;
    refresh.refused(401, "refresh_invalid");
    let me = open.get("/users/me").cookie(&cookie).send().await;
    assert_eq!(me.status, 401);
}
