//! Mail: shown or sent, and the pages that its links lead to.

mod client;
mod printed;

use std::process::{Command, Stdio};

use portcullis_testkit::smtp::{Behaviour, SmtpSink, Step};
use serde_json::{Value, json};

use self::client::{Client, PASSWORD, bearer, credentials, eventually};

const ALICE: &str = "alice@example.com";
const PAGES: [&str; 5] = [
    "/verify-email",
    "/reset-password",
    "/change-email",
    "/undo-email",
    "/unlock",
];

#[test]
fn mail_is_printed_and_shown_the_newest_last() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    assert_eq!(client.mails(), Vec::<Value>::new());
    client.register(ALICE);
    let token = client.link(ALICE, "/verify-email");
    let forgotten = client.post("/api/users/forgot-password", &json!({ "email": ALICE }));
    assert_eq!(forgotten.status(), 202);
    client.link(ALICE, "/reset-password");
    let mails = client.mails();
    assert_eq!(mails.len(), 2);
    assert!(mails[0]["text"].as_str().unwrap().contains(&token));
    for mail in &mails {
        let mut members: Vec<_> = mail.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["sentAt", "subject", "text", "to"]);
        assert_eq!(mail["to"], ALICE);
    }
    assert!(mails[0]["sentAt"].as_str() <= mails[1]["sentAt"].as_str());
    eventually("it is printed as well", || {
        let printed = client.example.printed_later();
        printed.contains(&token) && printed.contains(ALICE)
    });
    // Nobody learns who has an account.
    let nobody = client.post(
        "/api/users/forgot-password",
        &json!({ "email": "b@example.com" }),
    );
    assert_eq!((nobody.status(), nobody.body), (202, forgotten.body));
    assert_eq!(client.mails().len(), 2);
}

/// Then it is neither shown nor printed.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_mail_server_mail_is_sent() {
    let sink = SmtpSink::start().await.unwrap();
    let url = sink.url();
    let sender = "Notes <no-reply@notes.example>";
    let started = tokio::task::spawn_blocking(move || {
        let client = Client::start(&[("SMTP_URL", url.as_str()), ("SMTP_FROM", sender)])?;
        client.register(ALICE);
        client
            .curl("", "/dev/mail")
            .must_be_problem(404, "not_found");
        Some(client)
    });
    let Some(client) = started.await.unwrap() else {
        return;
    };
    let sent = format!("{:?}", sink.wait_for(1).await);
    let commands = sink.commands().join("\n");
    assert!(commands.contains(ALICE), "{commands}");
    assert!(commands.contains("no-reply@notes.example"), "{commands}");
    assert_eq!(client.example.printed_later(), "", "{sent}");
}

/// It ends all the same; the mail waits in the database, sealed.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_hangs_does_not_keep_it_from_ending() {
    let sink = SmtpSink::start().await.unwrap();
    sink.behave(Behaviour::Stall(Step::Data));
    let url = sink.url();
    let ended = tokio::task::spawn_blocking(move || {
        let client = Client::start(&[("SMTP_URL", url.as_str())])?;
        client.register(ALICE);
        let (directory, example) = (client.directory, client.example);
        let (status, complaints) = example.end_by("-TERM");
        assert_eq!(status.code(), Some(0), "{complaints}");
        Some(directory)
    });
    let Some(directory) = ended.await.unwrap() else {
        return;
    };
    assert_eq!(sink.messages().len(), 0);
    let kept = std::fs::read(directory.0.join("portcullis.db")).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("verify-email#token="));
}

#[test]
fn pages_tell_nobody_and_load_nothing_from_elsewhere() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    for path in PAGES
        .into_iter()
        .chain(["/", "/scripts/main.js", "/page.js", "/page.css"])
    {
        let page = client.curl("", path);
        assert_eq!(page.status(), 200);
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    for path in PAGES {
        let html = client.curl("", path).body;
        assert!(html.starts_with("<!doctype html>"), "{html}");
        // Nothing inline, which the policy would not let run either.
        assert!(
            !html.contains("<style") && !html.contains("onclick"),
            "{html}"
        );
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert!(
            html.contains(r#"<script src="/page.js" defer></script>"#),
            "{html}"
        );
        let asks = html.contains(r#"type="password" autocomplete="new-password""#);
        assert_eq!(asks, path == "/reset-password", "{html}");
        client
            .curl("-X POST", path)
            .must_be_problem(405, "method_not_allowed");
    }
}

/// The page at `/` is about the first collection; all that it loads is there.
#[test]
fn the_first_page_is_about_the_first_collection() {
    let Some(client) = Client::start(&[("PORTCULLIS_COLLECTIONS", "customers,users")]) else {
        return;
    };
    let page = client.curl("", "/").body;
    assert!(
        page.contains(r#"<body data-collection="customers">"#),
        "{page}"
    );
    let mut words = page.split([' ', '\n']);
    assert!(!page.contains("<style") && !page.contains(" style="));
    assert!(!words.any(|word| word.starts_with("on") && word.contains('=')));
    let mut scripts = vec!["/scripts/main.js".to_owned()];
    let mut seen = 0;
    while let Some(path) = scripts.get(seen).cloned() {
        let script = client.curl("", &path);
        assert_eq!(script.status(), 200, "{path}");
        let kind = script.header("content-type").unwrap();
        assert!(kind.starts_with("text/javascript"), "{path}: {kind}");
        for import in script.body.split("from './").skip(1) {
            let path = format!("/scripts/{}", import.split('\'').next().unwrap());
            if !scripts.contains(&path) {
                scripts.push(path);
            }
        }
        seen += 1;
    }
    assert_eq!(scripts.len(), 7, "{scripts:?}");
}

/// AC-V3: scanners of mail open links; that uses nothing up, whatever they append to the address.
#[test]
fn opening_a_page_uses_nothing_up() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    client.register(ALICE);
    let token = client.link(ALICE, "/verify-email");
    for _ in 0..3 {
        let opened = client.curl("", &format!("/verify-email?token={token}"));
        assert_eq!(opened.status(), 200);
        assert!(!opened.body.contains(&token));
        client
            .curl("", &format!("/api/users/verify-email?token={token}"))
            .must_be_problem(405, "method_not_allowed");
    }
    let body = json!({ "token": token });
    let proved = client.post("/api/users/verify-email", &body);
    assert_eq!(
        (proved.status(), &proved.json()["user"]["verified"]),
        (200, &json!(true))
    );
    let again = client.post("/api/users/verify-email", &body);
    again.must_be_problem(400, "invalid_token");
}

/// A page as a browser has it, as far as its script sees: loads it at this address, types, presses the button, waits.
const BROWSER: &str = r"
const [base, page, token, password] = process.argv.slice(1);
const html = await (await fetch(base + page)).text();
const data = (name) => html.match(new RegExp(`data-${name}=\x22([^\x22]*)\x22`))[1];
const form = {
  dataset: { post: data('post'), collections: data('collections') },
  elements: html.includes('type=\x22password\x22') ? { password: { value: password } } : {},
  addEventListener: (_, listener) => { form.press = () => listener({ preventDefault() {} }); },
};
const told = new Promise((resolve) => {
  globalThis.message = { set textContent(text) { resolve(text); } };
});
const message = globalThis.message;
delete globalThis.message;
globalThis.document = { querySelector: (wanted) => (wanted === 'form' ? form : message) };
globalThis.location = { hash: token ? `#token=${token}` : '', pathname: page };
globalThis.history = { replaceState: (_, __, address) => { globalThis.shown = address; } };
const real = fetch;
globalThis.fetch = (path, options) => real(base + path, options);
(0, eval)(await (await real(base + '/page.js')).text());
if (globalThis.shown !== page) throw new Error('the token stays in the address bar');
if (token) form.press();
console.log(await told);
";

/// What a page shows after its button was pressed; nothing, where there is no node.
fn press(client: &Client, page: &str, token: &str, password: &str) -> Option<String> {
    let base = client.example.base();
    let output = Command::new("node")
        .args(["--input-type=module", "--eval", BROWSER, "--"])
        .args([base, page, token, password])
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        assert!(std::env::var_os("CI").is_none(), "install node");
        eprintln!("no button was pressed: install node");
        return None;
    };
    let shown = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    Some(shown.trim_end().to_owned())
}

/// With two collections, the pages find out by themselves whose link it is.
#[test]
fn the_pages_do_what_their_links_are_for() {
    const DONE: &str = "Done. You can close this page.";
    const CAROL: &str = "carol@example.com";
    const NEW_PASSWORD: &str = "Another-Horse-8-Staple";
    let collections = [("PORTCULLIS_COLLECTIONS", "customers,users")];
    let Some(client) = Client::start(&collections) else {
        return;
    };
    let Some(lost) = press(&client, "/verify-email", "", "") else {
        return;
    };
    assert!(lost.contains("by the link"), "{lost}");
    let press = |page: &str, token: &str, password: &str| {
        press(&client, page, token, password).unwrap_or_default()
    };
    let alice = client.register(ALICE);
    let verify = client.link(ALICE, "/verify-email");
    assert_eq!(press("/verify-email", &verify, ""), DONE);
    let me = client.get_by(&alice.token, "/api/users/me").json();
    assert_eq!(me["user"]["verified"], true);
    let used = press("/verify-email", &verify, "");
    assert_eq!(used, "the link is not good, or not any more");

    let change = json!({ "email": CAROL });
    let changed = client.post_with(&bearer(&alice.token), "/api/users/change-email", &change);
    assert_eq!(changed.status(), 202, "{changed:?}");
    let link = client.link(CAROL, "/change-email");
    assert_eq!(press("/change-email", &link, ""), DONE);
    client.log_in(CAROL).logged_in(200);
    let undo = client.link(ALICE, "/undo-email");
    assert_eq!(press("/undo-email", &undo, ""), DONE);
    assert_eq!(client.log_in(CAROL).status(), 401);

    client.post("/api/users/forgot-password", &json!({ "email": ALICE }));
    let reset = client.link(ALICE, "/reset-password");
    let weak = press("/reset-password", &reset, "abc");
    assert!(weak.contains("length"), "{weak}");
    assert_eq!(press("/reset-password", &reset, NEW_PASSWORD), DONE);
    assert_eq!(client.log_in(ALICE).status(), 401);
    let body = json!({ "email": ALICE, "password": NEW_PASSWORD });
    client.post("/api/users/login", &body).logged_in(200);
}

/// AC-L9: whoever was locked out by others gets in again by mail.
#[test]
fn the_unlock_page_ends_a_lock() {
    let Some(client) = Client::start_with(|command| command) else {
        return;
    };
    client.register(ALICE);
    for _ in 0..5 {
        let wrong = json!({ "email": ALICE, "password": format!("{PASSWORD}!") });
        client.post("/api/users/login", &wrong);
    }
    client
        .log_in(ALICE)
        .must_be_problem(401, "invalid_credentials");
    let body = json!({ "email": ALICE });
    assert_eq!(
        client.post("/api/users/unlock/request", &body).status(),
        202
    );
    let token = client.link(ALICE, "/unlock");
    if press(&client, "/unlock", &token, "").is_none() {
        return;
    }
    let login = client.post("/api/users/login", &credentials(ALICE));
    login.logged_in(200);
}
