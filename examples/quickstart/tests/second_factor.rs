//! The second factor, by curl, with an authenticator app that is not ours: `oathtool`.

mod client;
mod printed;

use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use self::client::{Answer, Client, LoggedIn, bearer, credentials};

const ALICE: &str = "alice@example.com";
const STEP: u64 = 30;

/// Makes codes of a secret.
struct App {
    secret: String,
    last: u64,
}

impl App {
    /// A code of a step that no code was made of before: each is good once, a step earlier or later than now, and stays so for a
    /// quarter of a minute, which a busy machine may need. Time has to pass only where all of these are used up.
    fn code(&mut self) -> String {
        loop {
            let now = seconds();
            let (current, passed) = (now / STEP, now % STEP);
            let earliest = if passed < STEP / 2 {
                current - 1
            } else {
                current
            };
            if let Some(step) = (earliest..=current + 1).find(|step| *step > self.last) {
                self.last = step;
                return self.at(step);
            }
            thread::sleep(Duration::from_secs(STEP - passed));
        }
    }

    fn at(&self, step: u64) -> String {
        let mut oathtool = Command::new("oathtool");
        oathtool.args(["--totp=sha1", "-b", "-N", &format!("@{}", step * STEP)]);
        let output = oathtool.arg(&self.secret).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A code that is none of those that are good about now.
    fn wrong(&self) -> String {
        let current = seconds() / STEP;
        let good: Vec<_> = (current - 3..current + 4)
            .map(|step| self.at(step))
            .collect();
        let mut old = (1..).map(|step| self.at(step));
        old.find(|code| !good.contains(code)).unwrap()
    }
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// Whether there is an oathtool. Without it these tests say so and pass; where `CI` is set, they fail.
fn has_oathtool() -> bool {
    let found = Command::new("oathtool").arg("--version").output().is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "install oathtool"
    );
    if !found {
        eprintln!("no code was made: install oathtool");
    }
    found
}

fn start() -> Option<(Client, LoggedIn)> {
    if !has_oathtool() {
        return None;
    }
    let client = Client::start(&[])?;
    let alice = client.register(ALICE);
    let body = json!({ "token": client.link(ALICE, "/verify-email") });
    assert_eq!(client.post("/api/users/verify-email", &body).status(), 200);
    Some((client, alice))
}

fn enrol(client: &Client, user: &LoggedIn) -> App {
    let post = format!("-X POST {}", bearer(&user.token));
    let enrolment = client.curl(&post, "/api/users/2fa/totp/enroll");
    assert_eq!(enrolment.status(), 200, "{enrolment:?}");
    enrolment.must_be_marked();
    let enrolment = enrolment.json();
    let secret = enrolment["secret"].as_str().unwrap().to_owned();
    let uri = enrolment["uri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/Portcullis%20quickstart:"),
        "{uri}"
    );
    assert!(uri.contains(&format!("secret={secret}")), "{uri}");
    assert!(enrolment["qrSvg"].as_str().unwrap().contains("<svg"));
    App { secret, last: 0 }
}

/// Turns it on; the recovery codes.
fn activate(client: &Client, user: &LoggedIn, code: &str) -> Answer {
    let body = json!({ "code": code });
    client.post_with(&bearer(&user.token), "/api/users/2fa/totp/activate", &body)
}

fn codes(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status(), 200, "{answer:?}");
    let answer = answer.json();
    let codes = answer["recoveryCodes"].as_array().unwrap().iter();
    codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

/// A login by password: the challenge that it answers with.
fn challenge(client: &Client) -> String {
    let answer = client.log_in(ALICE);
    assert_eq!(
        (answer.status(), answer.header("set-cookie")),
        (200, None),
        "{answer:?}"
    );
    let mut answer = answer.json();
    let challenge = answer["challenge"].take();
    let rest = json!({
        "mfaRequired": true,
        "challenge": null,
        "methods": ["totp", "recovery"],
        "expiresIn": 300,
    });
    assert_eq!(answer, rest);
    challenge.as_str().unwrap().to_owned()
}

fn finish(client: &Client, path: &str, challenge: &str, code: &str) -> Answer {
    let body = json!({ "challenge": challenge, "code": code });
    client.post(&format!("/api/users/login/{path}"), &body)
}

fn me(client: &Client, user: &LoggedIn) -> Value {
    let answer = client.get_by(&user.token, "/api/users/me");
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()
}

#[test]
fn a_code_of_the_app_finishes_a_login() {
    let Some((client, alice)) = start() else {
        return;
    };
    let mut app = enrol(&client, &alice);
    // AC-O5: nothing is asked for before a code was right.
    client.log_in(ALICE).logged_in(200);
    activate(&client, &alice, &app.wrong()).must_be_problem(401, "invalid_code");
    assert_eq!(codes(&activate(&client, &alice, &app.code())).len(), 10);

    let waiting = challenge(&client);
    // AC-S5: it is no credential.
    for arguments in [bearer(&waiting), format!("-H 'X-Api-Key: {waiting}'")] {
        assert_eq!(client.curl(&arguments, "/api/users/me").status(), 401);
    }
    finish(&client, "totp", &waiting, &app.wrong()).must_be_problem(401, "invalid_code");
    let code = app.code();
    let alice = finish(&client, "totp", &waiting, &code).logged_in(200);
    assert_eq!(me(&client, &alice)["user"]["mfa"], true);
    let status = client.get_by(&alice.token, "/api/users/2fa").json();
    assert_eq!(status, json!({ "totp": true, "recoveryCodesLeft": 10 }));
    // AC-O2, AC-O4: neither the code nor the challenge a second time.
    finish(&client, "totp", &challenge(&client), &code).must_be_problem(401, "invalid_code");
    let spent = finish(&client, "totp", &waiting, &app.code());
    spent.must_be_problem(401, "challenge_expired");
}

#[test]
fn a_recovery_code_finishes_a_login_once() {
    let Some((client, alice)) = start() else {
        return;
    };
    let mut app = enrol(&client, &alice);
    let codes = codes(&activate(&client, &alice, &app.code()));
    let alice = finish(&client, "recovery", &challenge(&client), &codes[0]).logged_in(200);
    let status = client.get_by(&alice.token, "/api/users/2fa").json();
    assert_eq!(status, json!({ "totp": true, "recoveryCodesLeft": 9 }));
    let again = finish(&client, "recovery", &challenge(&client), &codes[0]);
    again.must_be_problem(401, "invalid_code");

    let body = json!({ "code": app.code() });
    let renewed = client.post_with(
        &bearer(&alice.token),
        "/api/users/2fa/recovery-codes",
        &body,
    );
    let renewed = self::codes(&renewed);
    let old = finish(&client, "recovery", &challenge(&client), &codes[1]);
    old.must_be_problem(401, "invalid_code");
    finish(&client, "recovery", &challenge(&client), &renewed[1]).logged_in(200);
}

/// By cookie, all of it comes by the cookie: what waits for the code has none.
#[test]
fn by_cookie_the_cookie_comes_with_the_code() {
    let Some((client, alice)) = start() else {
        return;
    };
    let mut app = enrol(&client, &alice);
    codes(&activate(&client, &alice, &app.code()));
    let answer = client.log_in_by_cookie(ALICE);
    assert_eq!(answer.header("set-cookie"), None, "{answer:?}");
    let waiting = answer.json()["challenge"].as_str().unwrap().to_owned();
    let body = json!({ "challenge": waiting, "code": app.code() });
    let answer = client.post_with("-c jar", "/api/users/login/totp", &body);
    assert_eq!(answer.status(), 200, "{answer:?}");
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("session=") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    assert_eq!(answer.json()["token"], Value::Null);
    let me = client.curl("-b jar", "/api/users/me").json();
    assert_eq!(
        (&me["authType"], &me["user"]["mfa"]),
        (&json!("session"), &json!(true))
    );
}

/// What waits for a code outlives a restart, and so does the factor: its secret is sealed in the file.
#[test]
fn a_restart_changes_nothing() {
    let Some((client, alice)) = start() else {
        return;
    };
    let mut app = enrol(&client, &alice);
    codes(&activate(&client, &alice, &app.code()));
    let waiting = challenge(&client);
    let client = client.restart("-TERM", |command| command.env("PORTCULLIS_LIMITS", "off"));
    let file = std::fs::read(client.directory.0.join("portcullis.db")).unwrap();
    let holds = |text: &str| {
        file.windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds(ALICE) && !holds(&app.secret) && !holds(&waiting));
    finish(&client, "totp", &waiting, &app.code()).logged_in(200);
}

/// AC-O3: a challenge bears five wrong codes, also where nothing else is limited.
#[test]
fn codes_are_not_guessed() {
    let Some((client, alice)) = start() else {
        return;
    };
    let mut app = enrol(&client, &alice);
    codes(&activate(&client, &alice, &app.code()));
    let waiting = challenge(&client);
    for _ in 0..5 {
        let wrong = finish(&client, "totp", &waiting, &app.wrong());
        wrong.must_be_problem(401, "invalid_code");
    }
    let right = finish(&client, "totp", &waiting, &app.code());
    right.must_be_problem(401, "challenge_expired");
    assert_eq!(
        client
            .post("/api/users/login", &credentials(ALICE))
            .status(),
        200
    );
}
