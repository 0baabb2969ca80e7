//! The OpenAPI document, by those who know what one is; and the service, by those who take it at its word.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use portcullis::accounts::{MemoryStore, NewUser, boolean, integer, number, select, text};
use portcullis::{Accounts, Collection};
use portcullis_testkit::ManualClock;

use crate::client::{By, Client};
use crate::python::{python, run};
use crate::server::{Node, PASSWORD};

/// Accounts with every kind of field, without limits, whose clock stands still.
fn node() -> Node {
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    Node::on(store, clock, |builder| {
        let settings = Collection::new()
            .profile(text("bio").max(20))
            .profile(boolean("newsletter").default(false))
            .profile(integer("age"))
            .profile(number("height"))
            .profile(select("plan", ["free", "pro"]).default("free").read_only())
            .profile(text("crmId").hidden());
        builder
            .collection("users", settings)
            .with_insecure_no_limits()
    })
}

async fn token_of(accounts: &Accounts, client: &Client, email: &str, role: &str) -> String {
    let new = NewUser::new(email)
        .password(PASSWORD)
        .verified()
        .roles([role]);
    accounts
        .users()
        .as_application()
        .create_user(new)
        .await
        .unwrap();
    client
        .login(email, PASSWORD)
        .await
        .is(200)
        .token()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_valid() {
    let Some(python) = tokio::task::spawn_blocking(python).await.unwrap() else {
        return;
    };
    let client = Client::new(node().serve().await, "/api");
    let document = client.get("/openapi.json", By::Nobody).await.is(200).text;
    let path = std::env::temp_dir().join(format!("portcullis-openapi-{}.json", std::process::id()));
    std::fs::write(&path, document).unwrap();
    let mut validator = Command::new(python);
    let outcome = run(validator
        .args(["-m", "openapi_spec_validator", "--schema", "3.1"])
        .arg(&path));
    let _ = std::fs::remove_file(&path);
    outcome.unwrap_or_else(|complaint| panic!("{complaint}"));
}

/// By nobody, by a user and by an administrator. `positive_data_acceptance` is left out: that a link or a password is of the right
/// form does not make it good.
#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() {
    let Some(python) = tokio::task::spawn_blocking(python).await.unwrap() else {
        return;
    };
    let node = node();
    let address = node.serve().await;
    let run_by = async |role: Option<&str>| {
        let told = enough_cases(&python, &node, address, role).await;
        println!("{}", told.unwrap_or_else(|found| panic!("{found}")));
    };
    tokio::join!(run_by(None), run_by(Some("user")), run_by(Some("admin")));
}

/// As many cases as fit into some seconds; on a machine that is too busy for a hundred, into more. Each time by somebody new: there are
/// requests that end the session which they come from.
async fn enough_cases(
    python: &Path,
    node: &Node,
    address: SocketAddr,
    role: Option<&str>,
) -> Result<String, String> {
    let client = Client::new(address, "/api");
    let mut told = String::new();
    for seconds in ["18", "60", "240"] {
        let mut token = None;
        if let Some(role) = role {
            let email = format!("{role}-{seconds}@example.com");
            token = Some(token_of(&node.accounts, &client, &email, role).await);
        }
        let mut command = schemathesis(python, address, token.as_deref(), seconds);
        let run = tokio::task::spawn_blocking(move || run(&mut command));
        told = run.await.unwrap()?;
        if cases_in(&told) > 100 {
            return Ok(told);
        }
    }
    Err(format!("too few cases: {told}"))
}

fn cases_in(told: &str) -> u32 {
    let generated = told
        .lines()
        .find_map(|line| line.trim().split_once(" generated, "));
    let (cases, _) = generated.expect("it says how many cases there were");
    cases.replace(',', "").parse().unwrap()
}

fn schemathesis(python: &Path, address: SocketAddr, token: Option<&str>, seconds: &str) -> Command {
    let mut command = Command::new(python);
    command
        .args([
            "-c",
            "from schemathesis.cli import schemathesis; schemathesis()",
            "run",
        ])
        .arg(format!("http://{address}/api/openapi.json"))
        .args(["--generation-deterministic", "--checks", "all"])
        .args(["--exclude-checks", "positive_data_acceptance"])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "12",
        ])
        .args(["--max-time", seconds, "--no-color"])
        .arg("--continue-on-failure")
        // Else it sends two credentials at once, which are refused before anything is looked for.
        .args(["--generation-with-security-parameters", "false"])
        // Whoever deletes, bans or ends what they call with has tested nothing else.
        .args([
            "--exclude-operation-id-regex",
            r"\.(deleteMe|logout|logoutAll)$",
        ]);
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    command
}
