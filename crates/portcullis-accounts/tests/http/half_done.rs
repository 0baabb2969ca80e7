//! AC-S5: what is half done is no credential, anywhere: neither as one, nor in the place of any other one-time secret.

use http::Method;
use portcullis_accounts::Collection;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::access::Operation;
use crate::app::{App, STEP, with_factor};
use crate::client::{Answer, Api, api_of};
use crate::common::{PASSWORD, harness_on};

const ADA: &str = "ada@example.com";
const BEA: &str = "bea@example.com";

/// Where somebody may put what they have.
const PLACES: [&str; 7] = [
    "bearer",
    "key",
    "key as bearer",
    "session",
    "device",
    "trusted",
    "nowhere",
];

/// The service, with one of each that is half done.
struct Half {
    api: Api,
    operations: Vec<Operation>,
    tickets: Vec<String>,
    _app: App,
}

impl Half {
    async fn new() -> Self {
        let settings = Collection::new().trust_devices(STEP * 10_000);
        let api = api_of(settings.clone());
        let app = with_factor(&api.h, ADA).await;
        let trusted = trusted(&api, &app).await;
        api.h.register_proved(BEA).await;
        let challenge = first_step(&api, ADA).await;
        let (store, clock) = (api.h.store.clone(), api.h.clock.clone());
        // No limit is what is tested here.
        let h = harness_on(store, clock, settings.require_mfa(true), |builder| {
            builder.with_insecure_no_limits()
        });
        let service = h.accounts.service();
        let api = Api { h, service };
        let enrolment = first_step(&api, BEA).await;
        Self {
            operations: Operation::all(&api).await,
            tickets: vec![challenge, enrolment, trusted],
            api,
            _app: app,
        }
    }

    /// Calls an operation with this ticket at that place, and in every member of the body that holds text.
    async fn call(&self, operation: &Operation, ticket: &str, place: &str) -> Answer {
        let path = operation
            .path
            .replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057")
            .replace("{provider}", "google");
        let mut ask = self.api.ask(operation.method.clone(), &path).same_origin();
        ask = match place {
            "bearer" => ask.bearer(ticket),
            "key" => ask.key(ticket),
            "key as bearer" => ask.bearer(&format!("sk_{ticket}")),
            "session" => ask.cookie(&format!("__Host-session={ticket}")),
            "device" => ask.cookie(&format!("__Host-device={ticket}")),
            "trusted" => ask.cookie(&format!("__Host-trusted={ticket}")),
            _ => ask,
        };
        if operation.method != Method::GET {
            ask = ask.json(&body_of(operation, ticket));
        }
        ask.send().await
    }

    /// Nobody is let in by it, and nothing is given to anybody.
    async fn holds(&self, operation: &Operation, ticket: &str, place: &str) {
        let answer = self.call(operation, ticket, place).await;
        let about = || format!("{place} {operation:?}: {} {}", answer.status, answer.text);
        if !operation.is_open() {
            assert_eq!(answer.status, 401, "{}", about());
        }
        for member in ["token", "refreshToken", "user", "recoveryCodes", "status"] {
            let given = answer.status == 200 && answer.body.get(member).is_some();
            let is_health = operation.path.ends_with("/health");
            assert!(!given || is_health, "{}", about());
        }
        let cookies = answer.set_cookies();
        let taken_back = |line: &&str| line.contains("Max-Age=0");
        assert!(cookies.iter().all(taken_back), "{}", about());
    }
}

/// Every member that holds text, required or not, is the ticket.
fn body_of(operation: &Operation, ticket: &str) -> Value {
    let schema = &operation.told["requestBody"]["content"]["application/json"]["schema"];
    let mut body = Map::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        // The enrolment goes on by its challenge, as it must.
        let is_text = member["type"] == "string" && member.get("enum").is_none();
        let is_nullable = member["anyOf"][0]["type"] == "string";
        if is_text || is_nullable {
            body.insert(name.clone(), json!(ticket));
        }
    }
    Value::Object(body)
}

async fn first_step(api: &Api, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = api.post("/users/login", body).send().await.is(200);
    answer.body["challenge"].as_str().unwrap().to_owned()
}

async fn trusted(api: &Api, app: &App) -> String {
    let challenge = first_step(api, ADA).await;
    let body = json!({ "challenge": challenge, "code": app.code(), "trustDevice": true });
    let answer = api.post("/users/login/totp", body).send().await.is(200);
    let cookies = answer.cookies();
    let (_, token) = cookies.split_once("__Host-trusted=").unwrap();
    token.to_owned()
}

/// Enrolment shows a secret to the holder of its own challenge; that is what it is for.
fn is_meant(operation: &Operation, ticket: usize) -> bool {
    ticket == 1 && operation.path.ends_with("/login/enroll")
}

#[tokio::test]
async fn ac_s5_what_is_half_done_opens_no_row_of_the_table() {
    let half = Half::new().await;
    assert!(half.operations.len() > 35, "{}", half.operations.len());
    for operation in &half.operations {
        for (number, ticket) in half.tickets.iter().enumerate() {
            for place in PLACES {
                if !is_meant(operation, number) {
                    half.holds(operation, ticket, place).await;
                }
            }
        }
    }
}

/// The same for pieces of them, two of them put together, and written otherwise.
#[test]
fn ac_s5_neither_do_pieces_of_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let half = runtime.block_on(Half::new());
    let (rows, tickets) = (half.operations.len(), half.tickets.len());
    let shapes = (
        0..rows,
        0..tickets,
        0..tickets,
        0..PLACES.len(),
        0..=64_usize,
        0..5_u8,
    );
    let mut runner = TestRunner::new(Config::default());
    let outcome = runner.run(&shapes, |(row, one, other, place, cut, shape)| {
        let (one, other) = (&half.tickets[one], &half.tickets[other]);
        let written = match shape {
            0 => one[..cut].to_owned(),
            1 => format!("{}{}", &one[..cut], &other[cut..]),
            2 => format!("{one}.{other}"),
            3 => format!("rt_{one}"),
            _ => format!("sk_{}", one.to_lowercase()),
        };
        if is_meant(
            &half.operations[row],
            usize::from(half.tickets[1] == written),
        ) {
            return Ok(());
        }
        runtime.block_on(half.holds(&half.operations[row], &written, PLACES[place]));
        Ok(())
    });
    outcome.unwrap();
}
