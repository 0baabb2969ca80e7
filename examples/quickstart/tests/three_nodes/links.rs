//! One-time links, followed on all nodes at once.

use serde_json::{Value, json};

use crate::at_once::{at_once, one_wins};
use crate::http::{By, PASSWORD};
use crate::world::{World, eventually};

const ANOTHER: &str = "Another-Horse-8-Battery";

pub(crate) fn are_taken_once(world: &World) {
    for round in 0..3 {
        let email = format!("gil{round}@example.com");
        world.somebody().register(&email);
        verify_once(world, &email);
        reset_once(world, &email);
    }
}

/// AC-E2: one node takes it.
pub(crate) fn verify_once(world: &World, email: &str) {
    // Whoever registers is sent one.
    let token = link(world, email, "/verify-email");
    let body = json!({ "token": token });
    let answers = at_once(2, |node| {
        world
            .somebody_on(node)
            .post("/api/users/verify-email", &body)
    });
    let won = one_wins(answers, (400, &["invalid_token"]));
    assert_eq!(won.body["user"]["verified"], true);
}

fn reset_once(world: &World, email: &str) {
    let forgotten = json!({ "email": email });
    let asked = world.somebody();
    asked.post("/api/users/forgot-password", &forgotten).of(202);
    let token = link(world, email, "/reset-password");
    let passwords = [
        ANOTHER,
        "A-Third-Horse-9-Battery",
        "A-Fourth-Horse-1-Battery",
    ];
    let answers = at_once(2, |node| {
        let body = json!({ "token": token, "password": passwords[node] });
        world
            .somebody_on(node)
            .post("/api/users/reset-password", &body)
    });
    one_wins(answers, (400, &["invalid_token"]));
    let log_in = |password: &str| {
        let body = json!({ "email": email, "password": password });
        world.somebody().post("/api/users/login", &body).status
    };
    let mut good = passwords.map(log_in);
    good.sort_unstable();
    assert_eq!(good, [200, 401, 401], "the one who won has set it");
    assert_eq!(log_in(PASSWORD), 401);
}

/// The token of the link to this page that is mailed; whichever node sends it shows it.
fn link(world: &World, email: &str, page: &str) -> String {
    let mut found = None;
    eventually("the mail is there", || {
        found = mailed(world, email, page);
        found.is_some()
    });
    found.unwrap()
}

fn mailed(world: &World, email: &str, page: &str) -> Option<String> {
    let start = format!("http://{}{page}#token=", world.nginx.address);
    let mut mails = (0..3).flat_map(|node| mails(world, node));
    mails.find_map(|mail| {
        let text = mail["text"].as_str()?;
        let (_, rest) = text.split_once(&start)?;
        let token = rest.split_whitespace().next()?;
        (mail["to"] == email).then(|| token.to_owned())
    })
}

fn mails(world: &World, node: usize) -> Vec<Value> {
    let mails = world.somebody_on(node).get("/dev/mail", By::Nobody).of(200);
    mails.body.as_array().unwrap().clone()
}
