//! Codes of a second factor, shown to all nodes at once.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::at_once::{at_once, one_wins};
use crate::http::{Answer, By, Client};
use crate::links;
use crate::world::World;

const HAL: &str = "hal@example.com";

/// Each node has a challenge of its own, and all are shown one code.
pub(crate) fn codes_are_taken_once(world: &World) {
    if !has_oathtool() {
        return;
    }
    // A challenge is good for the client that it was given to.
    let hal = world.somebody();
    let token = hal.register(HAL).token();
    links::verify_once(world, HAL);
    let (secret, recovery) = enrol(&hal, &token);
    for code in &recovery[..3] {
        shown_at_once(world, &hal, "recovery", code);
    }
    // The one that turned it on was of the step before, if there was time for it.
    shown_at_once(world, &hal, "totp", &code(&secret, 1));
    let shared = challenge(&hal);
    let answers = at_once(2, |node| {
        let node = hal.at(world.addresses[node]);
        finish(&node, "recovery", &shared, &recovery[3])
    });
    one_wins(answers, (401, &["invalid_code", "challenge_expired"]));
}

fn shown_at_once(world: &World, hal: &Client, what: &str, code: &str) {
    let nodes = world.addresses.iter().map(|address| hal.at(*address));
    let shown: Vec<_> = nodes.map(|node| (challenge(&node), node)).collect();
    let answers = at_once(1, |node| {
        let (challenge, node) = &shown[node];
        finish(node, what, challenge, code)
    });
    let won = one_wins(answers, (401, &["invalid_code"]));
    assert_eq!(hal.me(By::Token(&won.token())), 200);
}

fn finish(client: &Client, what: &str, challenge: &str, code: &str) -> Answer {
    let body = json!({ "challenge": challenge, "code": code });
    client.post(&format!("/api/users/login/{what}"), &body)
}

fn challenge(client: &Client) -> String {
    let answer = client.log_in(HAL).of(200);
    assert_eq!(answer.body["mfaRequired"], true);
    answer.text("challenge")
}

/// The app's secret, and the recovery codes.
fn enrol(client: &Client, token: &str) -> (String, Vec<String>) {
    let post = |path: &str, body: Option<&Value>| {
        let answer = client.ask("POST", path, By::Token(token), body);
        answer.of(200)
    };
    let secret = post("/api/users/2fa/totp/enroll", None).text("secret");
    let body = json!({ "code": code(&secret, 0) });
    let active = post("/api/users/2fa/totp/activate", Some(&body));
    let codes = active.body["recoveryCodes"].as_array().unwrap().iter();
    let codes = codes.map(|code| code.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

/// The code of so many steps from now.
fn code(secret: &str, later: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let time = format!("@{}", now.as_secs() + 30 * later);
    let mut oathtool = Command::new("oathtool");
    oathtool.args(["--totp=sha1", "-b", "-N", &time, secret]);
    let output = oathtool.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
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
