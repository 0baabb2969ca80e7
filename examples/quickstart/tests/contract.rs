//! What clients may rely on, over HTTP, as the manual's contract has it.

mod printed;

use self::printed::{Directory, Example, has_curl};

/// A running server, and curl.
struct Client {
    directory: Directory,
    example: Example,
}

impl Client {
    /// Nothing, where there is no curl.
    fn start() -> Option<Self> {
        has_curl().then(|| {
            let directory = Directory::new();
            let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
            let command = command
                .args(["--port", "0"])
                .env("PORTCULLIS_LIMITS", "off");
            let example = Example::start(command);
            Self { directory, example }
        })
    }

    /// The whole answer, head and body.
    fn curl(&self, arguments: &str, path: &str) -> String {
        let base = self.example.base();
        self.directory
            .paste(&format!("curl -s -i {arguments} {base}{path}"))
    }

    /// What follows `before` in the printed text, up to the next quote.
    fn printed(&self, before: &str) -> &str {
        let (_, rest) = self.example.printed.split_once(before).unwrap();
        rest.split(['\'', '"']).next().unwrap()
    }

    fn write_key(&self) -> &str {
        let (_, keys) = self.example.printed.split_once("read and write").unwrap();
        let (_, key) = keys.split_once("X-Api-Key: ").unwrap();
        key.split('\'').next().unwrap()
    }

    /// Logs the demo user in; the cookies are then in the file `jar`.
    fn log_in(&self) -> String {
        let password = self.printed(r#""password":""#);
        let body = format!(r#"{{"email":"user@example.com","password":"{password}"}}"#);
        self.curl(&format!("-c jar {JSON} -d '{body}'"), "/api/users/login")
    }
}

const JSON: &str = "-H 'Content-Type: application/json'";

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// A problem document of this status and code, with what every answer has.
fn must_be_problem(answer: &str, status: u16, code: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    assert_eq!(
        header(answer, "content-type"),
        Some("application/problem+json"),
        "{answer}"
    );
    let members = [
        format!(r#""status":{status}"#),
        format!(r#""code":"{code}""#),
    ];
    assert!(
        members.iter().all(|member| answer.contains(member)),
        "{answer}"
    );
    must_be_marked(answer);
}

fn must_be_marked(answer: &str) {
    assert_eq!(
        header(answer, "cache-control"),
        Some("no-store"),
        "{answer}"
    );
    assert!(
        header(answer, "x-request-id").is_some_and(|id| !id.is_empty()),
        "{answer}"
    );
}

#[test]
fn v5_0_0_14_3_2_no_answer_is_stored_and_each_has_an_id() {
    let Some(client) = Client::start() else {
        return;
    };
    let key = format!("-H 'X-Api-Key: {}'", client.printed("X-Api-Key: "));
    for (arguments, path) in [
        ("", "/api/health"),
        ("", "/api/whoami"),
        ("", "/api/.well-known/jwks.json"),
        (key.as_str(), "/api/posts"),
    ] {
        let answer = client.curl(arguments, path);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        must_be_marked(&answer);
    }
    must_be_marked(&client.log_in());
    let named = client.curl("-H 'X-Request-Id: mine'", "/api/posts");
    assert_eq!(header(&named, "x-request-id"), Some("mine"));
    assert!(named.contains(r#""request_id":"mine""#), "{named}");
}

#[test]
fn whoami_names_the_caller_and_the_way_in() {
    let Some(client) = Client::start() else {
        return;
    };
    let nobody = client.curl("", "/api/whoami");
    assert!(
        nobody.ends_with(r#"{"authType":null,"user":null}"#),
        "{nobody}"
    );
    let token = format!("-H 'Authorization: Bearer {}'", client.printed("Bearer "));
    let key = format!("-H 'X-Api-Key: {}'", client.printed("X-Api-Key: "));
    client.log_in();
    for (arguments, scheme) in [(&token[..], "jwt"), (&key, "apikey"), ("-b jar", "session")] {
        let answer = client.curl(arguments, "/api/whoami");
        assert!(
            answer.contains(&format!(r#"{{"authType":"{scheme}""#)),
            "{answer}"
        );
        assert!(answer.contains(r#""id":"user@example.com""#), "{answer}");
    }
}

#[test]
fn whatever_is_refused_is_a_problem_document_with_a_code() {
    let Some(client) = Client::start() else {
        return;
    };
    let write = format!("-H 'X-Api-Key: {}'", client.write_key());
    let long = format!(r#"{{"title":"{}","body":""}}"#, "x".repeat(66_000));
    std::fs::write(client.directory.0.join("long"), long).unwrap();
    for (body, status, code) in [
        ("-d '{'", 400, "invalid_json"),
        (r#"-d '{"title":1,"body":"hunter2"}'"#, 422, "invalid_body"),
        (r#"-d '{"title":""}'"#, 422, "invalid_body"),
        (
            r#"-d '{"title":"","body":"","id":7}'"#,
            422,
            "field_not_allowed",
        ),
        ("-d @long", 413, "body_too_large"),
    ] {
        let answer = client.curl(&format!("{write} {JSON} {body}"), "/api/posts");
        must_be_problem(&answer, status, code);
        assert!(!answer.contains("hunter2"));
    }
    let form = client.curl(&format!("{write} -d title=x"), "/api/posts");
    must_be_problem(&form, 415, "unsupported_media_type");
    must_be_problem(&client.curl("", "/api/nowhere"), 404, "not_found");
    let put = client.curl("-X PUT", "/api/posts");
    must_be_problem(&put, 405, "method_not_allowed");
    assert_eq!(header(&put, "allow"), Some("GET,HEAD,POST"));
}

#[test]
fn guards_say_what_is_missing() {
    let Some(client) = Client::start() else {
        return;
    };
    let nobody = client.curl("", "/api/posts");
    must_be_problem(&nobody, 401, "unauthenticated");
    assert!(header(&nobody, "www-authenticate").is_some());
    let read = format!("-H 'X-Api-Key: {}'", client.printed("X-Api-Key: "));
    let write = client.curl(&format!("{read} {JSON} -d '{{}}'"), "/api/posts");
    must_be_problem(&write, 403, "insufficient_scope");
    let both = format!(
        "{read} -H 'Authorization: Bearer {}'",
        client.printed("Bearer ")
    );
    must_be_problem(
        &client.curl(&both, "/api/whoami"),
        400,
        "multiple_credentials",
    );
    let broken = client.curl("-H 'Authorization: Bearer x.y.z'", "/api/whoami");
    must_be_problem(&broken, 401, "invalid_token");
}

#[test]
fn another_site_cannot_use_the_cookie() {
    let Some(client) = Client::start() else {
        return;
    };
    client.log_in();
    let post = format!(r#"{JSON} -d '{{"title":"a","body":"b"}}'"#);
    for foreign in [
        "-H 'Sec-Fetch-Site: cross-site'",
        "-H 'Sec-Fetch-Site: same-site'",
        "-H 'Origin: http://evil.example'",
        "-H 'Origin: null'",
    ] {
        let write = client.curl(&format!("-b jar {foreign} {post}"), "/api/posts");
        must_be_problem(&write, 403, "cross_site");
        let delete = client.curl(&format!("-b jar {foreign} -X DELETE"), "/api/posts/1");
        must_be_problem(&delete, 403, "cross_site");
        let end = client.curl(&format!("-b jar {foreign} -X POST"), "/api/users/logout");
        must_be_problem(&end, 403, "cross_site");
        let begin = client.curl(&format!("{foreign} {JSON} -d '{{}}'"), "/api/users/login");
        must_be_problem(&begin, 403, "cross_site");
        let token = format!("-H 'Authorization: Bearer {}'", client.printed("Bearer "));
        let on_purpose = client.curl(&format!("{foreign} {token} {post}"), "/api/posts");
        assert!(on_purpose.starts_with("HTTP/1.1 201 "), "{on_purpose}");
    }
    let own = client.curl(
        &format!("-b jar -H 'Sec-Fetch-Site: same-origin' {post}"),
        "/api/posts",
    );
    assert!(own.starts_with("HTTP/1.1 201 "), "{own}");
}

#[test]
fn wrong_and_unknown_logins_look_alike() {
    let Some(client) = Client::start() else {
        return;
    };
    let log_in = |email: &str| {
        let body = format!(r#"{{"email":"{email}","password":"guess"}}"#);
        let answer = client.curl(&format!("{JSON} -d '{body}'"), "/api/users/login");
        must_be_problem(&answer, 401, "invalid_credentials");
        assert_eq!(header(&answer, "set-cookie"), None);
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    assert_eq!(log_in("user@example.com"), log_in("nobody@example.com"));
}

/// AC-L1, AC-L2: after five wrong passwords the right one is refused as well, and nothing tells the two apart.
#[test]
fn guessing_locks_the_account() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    let example = Example::start(command.args(["--port", "0"]));
    let client = Client { directory, example };
    let mut answers = Vec::new();
    for _ in 0..5 {
        let body = r#"-d '{"email":"user@example.com","password":"guess"}'"#;
        answers.push(client.curl(&format!("{JSON} {body}"), "/api/users/login"));
    }
    answers.push(client.log_in());
    for answer in &answers {
        must_be_problem(answer, 401, "invalid_credentials");
    }
}
