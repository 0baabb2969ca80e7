//! Rows 11, 21 and 25 of the contract, as far as they are about second factors: AC-O1, AC-O8, AC-O10, AC-S2, AC-E2.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

use portcullis_core::Clock as _;
use serde_json::{Value, json};

use crate::access::{Operation, with_role};
use crate::app::{STEP, with_factor};
use crate::client::{Answer, Api, api, has_exactly};
use crate::common::{PASSWORD, token_in};

const ADA: &str = "ada@example.com";
const ENROLL: &str = "/users/2fa/totp/enroll";
const ACTIVATE: &str = "/users/2fa/totp/activate";
const TOTP: &str = "/users/2fa/totp";
const CODES: &str = "/users/2fa/recovery-codes";

/// Registers Ada, whose address is proved.
async fn proved(api: &Api) -> Answer {
    let tokens = api.register(ADA).await;
    let token = token_in(&api.h.mail_to(ADA).await.unwrap()).unwrap();
    let body = json!({ "token": token });
    api.post("/users/verify-email", body).send().await.is(200);
    tokens
}

/// What an app shows for a secret at this moment.
fn code_of(api: &Api, secret: &str) -> String {
    let totp = portcullis_mfa::Totp::from_base32(secret).unwrap();
    totp.code_at(api.h.clock.now()).expose().to_owned()
}

fn with_code(code: &str) -> Value {
    json!({ "code": code })
}

/// Gives whoever has this token a second factor, and its secret and recovery codes.
async fn enrol(api: &Api, token: &str) -> (String, Vec<String>) {
    let shown = api
        .post(ENROLL, json!({}))
        .bearer(token)
        .send()
        .await
        .is(200);
    let secret = shown.body["secret"].as_str().unwrap().to_owned();
    let body = with_code(&code_of(api, &secret));
    let answer = api.post(ACTIVATE, body).bearer(token).send().await.is(200);
    api.h.wait(STEP);
    (secret, codes(&answer))
}

#[track_caller]
fn codes(answer: &Answer) -> Vec<String> {
    let codes = answer.body["recoveryCodes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    codes
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn row_21_the_life_of_a_second_factor() {
    let api = api();
    let tokens = proved(&api).await;
    let token = tokens.token();
    let status = async || {
        api.get("/users/2fa")
            .bearer(token)
            .send()
            .await
            .is(200)
            .body
    };
    assert_eq!(
        status().await,
        json!({ "totp": false, "recoveryCodesLeft": 0 })
    );

    let shown = api
        .ask(http::Method::POST, ENROLL)
        .bearer(token)
        .send()
        .await
        .is(200);
    has_exactly(&shown.body, &["secret", "uri", "qrSvg"]);
    let secret = shown.body["secret"].as_str().unwrap();
    assert!(
        shown.body["uri"]
            .as_str()
            .unwrap()
            .starts_with("otpauth://totp/")
    );
    api.post(ACTIVATE, with_code("000000"))
        .bearer(token)
        .send()
        .await
        .refused(401, "invalid_code");
    let body = with_code(&code_of(&api, secret));
    let activated = api.post(ACTIVATE, body).bearer(token).send().await.is(200);
    has_exactly(&activated.body, &["recoveryCodes", "token", "expiresIn"]);
    codes(&activated);
    assert_eq!(
        status().await,
        json!({ "totp": true, "recoveryCodesLeft": 10 }),
        "the former token is good still"
    );
    let me = api
        .get("/users/me")
        .bearer(activated.token())
        .send()
        .await
        .is(200);
    assert_eq!(me.body["user"]["mfa"], true);
    api.post(ENROLL, json!({}))
        .bearer(token)
        .send()
        .await
        .refused(409, "already_enabled");

    api.h.wait(STEP);
    let body = with_code(&code_of(&api, secret));
    let replaced = api
        .post(CODES, body.clone())
        .bearer(token)
        .send()
        .await
        .is(200);
    has_exactly(&replaced.body, &["recoveryCodes"]);
    assert_ne!(codes(&replaced), codes(&activated));
    let disable = |body: Value| api.delete(TOTP).json(&body).bearer(token).send();
    disable(body).await.refused(401, "invalid_code");
    api.h.wait(STEP);
    let answer = disable(with_code(&code_of(&api, secret))).await.is(204);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(
        status().await,
        json!({ "totp": false, "recoveryCodesLeft": 0 })
    );
    disable(with_code(&code_of(&api, secret)))
        .await
        .refused(401, "invalid_code");
}

#[tokio::test]
async fn row_21_by_cookie_the_session_goes_on_under_a_new_id() {
    let api = api();
    proved(&api).await;
    let cookie = api.cookie(ADA).await;
    let post = |path: &'static str, cookie: String, body: Value| {
        api.post(path, body).cookie(&cookie).same_origin().send()
    };
    let shown = post(ENROLL, cookie.clone(), json!({})).await.is(200);
    let secret = shown.body["secret"].as_str().unwrap();
    let body = with_code(&code_of(&api, secret));
    let activated = post(ACTIVATE, cookie.clone(), body).await.is(200);
    has_exactly(&activated.body, &["recoveryCodes"]);
    let next = activated.cookies();
    assert_ne!(next, cookie);
    api.get("/users/me")
        .cookie(&cookie)
        .send()
        .await
        .refused(401, "unauthenticated");
    api.get("/users/me").cookie(&next).send().await.is(200);
    api.h.wait(STEP);
    let body = with_code(&code_of(&api, secret));
    let off = api.delete(TOTP).json(&body).cookie(&next);
    let off = off.same_origin().send().await.is(204);
    api.get("/users/me")
        .cookie(&next)
        .send()
        .await
        .refused(401, "unauthenticated");
    api.get("/users/me")
        .cookie(&off.cookies())
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn row_21_who_is_refused() {
    let api = api();
    let unproved = api.register("bob@example.com").await;
    let refused = api
        .post(ENROLL, json!({}))
        .bearer(unproved.token())
        .send()
        .await;
    refused.refused(403, "email_not_verified");
    let tokens = proved(&api).await;
    let key = api.key(tokens.token(), Value::Null).await;
    let of_row = |operation: &Operation| operation.path.contains("/2fa");
    let operations = Operation::all(&api).await.into_iter().filter(of_row);
    let operations: Vec<_> = operations.collect();
    assert_eq!(operations.len(), 6);
    for operation in &operations {
        let by_key = operation.call(&api, Some(("x-api-key", &key))).await;
        by_key.refused(403, "key_not_allowed");
        operation
            .call(&api, None)
            .await
            .refused(401, "unauthenticated");
    }
    let admin = with_role(&api, "root@example.com", "admin").await;
    api.h.wait(11 * 60 * std::time::Duration::from_secs(1));
    let bearer = format!("Bearer {admin}");
    for operation in &operations {
        let stale = operation.call(&api, Some(("authorization", &bearer))).await;
        stale.refused(401, "reauthentication_required");
        assert_eq!(operation.told["x-fresh-within-seconds"], 600);
    }
}

#[tokio::test]
async fn row_11_a_code_does_for_a_password() {
    let api = api();
    let tokens = proved(&api).await;
    let (secret, recovery) = enrol(&api, tokens.token()).await;
    let prove = |body: Value| {
        let ask = api.post("/users/reauthenticate", body);
        ask.bearer(tokens.token()).send()
    };
    let both = json!({ "password": PASSWORD, "code": "000000" });
    let answer = prove(both).await.refused(422, "invalid_field");
    has_exactly(&answer.body["fields"], &["code"]);
    let answer = prove(json!({})).await.refused(422, "invalid_field");
    has_exactly(&answer.body["fields"], &["password"]);
    prove(with_code("000000"))
        .await
        .refused(401, "invalid_code");
    let delete = |token: String| api.delete("/users/me").bearer(&token).send();
    let one = delete(tokens.token().to_owned()).await;
    one.refused(401, "reauthentication_required");
    let proved = prove(with_code(&code_of(&api, &secret))).await.is(200);
    has_exactly(&proved.body, &["freshUntil", "token", "expiresIn"]);
    let body = with_code(&recovery[0]);
    let ask = api
        .post("/users/reauthenticate", body)
        .bearer(proved.token());
    let again = ask.send().await.is(200);
    delete(again.token().to_owned()).await.is(204);
}

#[tokio::test]
async fn row_25_an_administrator_takes_a_factor_away() {
    let api = api();
    with_factor(&api.h, ADA).await;
    let ada = api.h.users().as_application().user_by_email(ADA).await;
    let path = format!("/users/users/{}/2fa", ada.unwrap().unwrap().id);
    let admin = with_role(&api, "root@example.com", "admin").await;
    let eve = with_role(&api, "eve@example.com", "user").await;
    api.delete(&path)
        .bearer(&eve)
        .send()
        .await
        .refused(403, "forbidden");
    api.delete(&path).bearer(&admin).send().await.is(204);
    api.login(ADA).await;
    let nobody = "/users/users/01890a5d-ac96-774b-bcce-b302099a8057/2fa";
    api.delete(nobody)
        .bearer(&admin)
        .send()
        .await
        .refused(404, "not_found");
}

/// AC-S2: who changes their own rights by cookie has another id from then on; who changes somebody else's has not.
#[tokio::test]
async fn own_rights_that_change_give_the_session_a_new_id() {
    let api = api();
    let eve = with_role(&api, "eve@example.com", "user").await;
    let eve = api.get("/users/me").bearer(&eve).send().await.is(200);
    let root = with_role(&api, "root@example.com", "admin").await;
    let root = api.get("/users/me").bearer(&root).send().await.is(200);
    let cookie = api.cookie("root@example.com").await;
    let roles = |id: &str, cookie: &str| {
        let body = json!({ "roles": ["admin", "user"] });
        let ask = api.post(&format!("/users/users/{id}/roles"), body);
        ask.cookie(cookie).same_origin().send()
    };
    let others = roles(eve.id(), &cookie).await.is(200);
    assert!(others.set_cookies().is_empty());
    let own = roles(root.id(), &cookie).await.is(200);
    api.get("/users/me")
        .cookie(&cookie)
        .send()
        .await
        .refused(401, "unauthenticated");
    let next = own.cookies();
    api.get("/users/me").cookie(&next).send().await.is(200);
    let body = json!({ "permissions": ["reports:read"] });
    let ask = api.patch(&format!("/users/users/{}", root.id()), body);
    let own = ask.cookie(&next).same_origin().send().await.is(200);
    assert_ne!(own.cookies(), next);
    api.get("/users/me")
        .cookie(&own.cookies())
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn auth_methods_tell_of_second_factors() {
    let api = api();
    let told = api.get("/users/auth-methods").send().await.is(200).body;
    assert_eq!(told["secondFactors"], json!(["totp", "recovery"]));
    assert_eq!(told["mfaRequired"], false);
}

/// AC-O1, AC-O10: what a reader of QR codes and an authenticator app that are not ours make of the answer.
#[tokio::test]
async fn ac_o10_the_picture_is_read_by_zbarimg_and_its_codes_are_oathtools() {
    let programs = [
        ("oathtool", "oathtool"),
        ("rsvg-convert", "librsvg2-bin"),
        ("zbarimg", "zbar-tools"),
    ];
    if !programs
        .iter()
        .all(|(program, package)| has(program, package))
    {
        return;
    }
    let api = api();
    let tokens = proved(&api).await;
    let shown = api
        .post(ENROLL, json!({}))
        .bearer(tokens.token())
        .send()
        .await
        .is(200);
    let svg = shown.body["qrSvg"].as_str().unwrap();
    let png = piped("rsvg-convert", &["--width=600"], svg.as_bytes());
    let uri = piped(
        "zbarimg",
        &[
            "--quiet",
            "--raw",
            "--nodbus",
            "-Sdisable",
            "-Sqrcode.enable",
            "-",
        ],
        &png,
    );
    let uri = String::from_utf8(uri).unwrap();
    assert_eq!(uri.trim_end(), shown.body["uri"].as_str().unwrap());
    let (_, query) = uri.trim_end().split_once('?').unwrap();
    let secret = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("secret="));
    let now = format!("--now=@{}", api.h.clock.now().unix_seconds());
    let options = ["--totp", &now, "--base32", secret.unwrap()];
    let code = String::from_utf8(piped("oathtool", &options, b"")).unwrap();
    let body = with_code(code.trim_end());
    api.post(ACTIVATE, body)
        .bearer(tokens.token())
        .send()
        .await
        .is(200);
}

/// Whether a program is there. If not, that is said in a line; where `CI` is set, the test fails.
fn has(program: &str, package: &str) -> bool {
    match Command::new(program).arg("--version").output() {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let missing = format!("{program} was not asked: install it (Debian package {package})");
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("{missing}");
            false
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// What a program makes of this.
fn piped(program: &str, options: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(options)
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that needs no input may have ended by now.
    let written = stdin.write_all(input);
    assert!(written.is_ok() || input.is_empty());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    output.stdout
}
