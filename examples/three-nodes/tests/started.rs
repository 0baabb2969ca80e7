//! Started as a user starts it: what it prints and what its README says is true, and nothing is left of it.

#[allow(dead_code, reason = "not all that three nodes are asked is asked here")]
#[path = "../../quickstart/tests/three_nodes/http.rs"]
mod http;
#[path = "../../quickstart/tests/printed/mod.rs"]
mod printed;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use self::http::{By, Client};
use self::printed::{Directory, Example};

const ADA: &str = "ada@example.com";

/// Four ports in a row are needed, and somebody else may take one.
const TRIES: usize = 20;

#[test]
fn what_it_prints_is_so_and_nothing_is_left() {
    let directory = Directory::new();
    let Some(example) = start(&directory) else {
        return;
    };
    let printed = Printed::read(&example.printed);
    let front = client(printed.addresses[0]);
    front.register(ADA);
    let token = front.log_in(ADA).of(200).token();
    let cookie = front.log_in_by_cookie(ADA).of(200).cookie();
    for address in &printed.addresses {
        assert_eq!(client(*address).me(By::Token(&token)), 200);
        assert_eq!(client(*address).me(By::Cookie(&cookie)), 200);
    }
    a_node_is_killed(&printed, &front, &token);
    redis_is_held_still(&printed, &front, &token);
    redis_is_emptied(&printed, &front, [&token, &cookie]);
    front.log_out(By::Token(&token));
    eventually("the logout is known", || {
        client(printed.addresses[3]).me(By::Token(&token)) == 401
    });

    let (status, said) = example.end_by("-TERM");
    assert!(status.success(), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let left: Vec<_> = fs::read_dir(&directory.0).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let running = processes();
    let place = directory.0.display().to_string();
    assert!(!running.contains(&place), "{running}");
    for address in &printed.addresses[1..] {
        let port = format!("quickstart --port {}", address.port());
        assert!(
            !running.lines().any(|line| line.ends_with(&port)),
            "{running}"
        );
    }
}

/// The others go on; nobody is logged out.
fn a_node_is_killed(printed: &Printed, front: &Client, token: &str) {
    shell(&printed.kills[0]);
    eventually("the others go on", || front.log_in(ADA).status == 200);
    assert_eq!(front.me(By::Token(token)), 200);
}

/// Passwords cannot be tried, tokens are good, the general limit lets pass.
fn redis_is_held_still(printed: &Printed, front: &Client, token: &str) {
    let stop = &printed.stop;
    shell(stop);
    front.clone().hasty().log_in(ADA).of(503);
    front.get("/api/posts", By::Token(token)).of(200);
    front.get("/api/whoami", By::Nobody).of(200);
    shell(&stop.replace("-STOP", "-CONT"));
    front.log_in(ADA).of(200);
}

/// Cookie sessions are over, tokens and accounts are not.
fn redis_is_emptied(printed: &Printed, front: &Client, [token, cookie]: [&str; 2]) {
    assert_eq!(front.me(By::Cookie(cookie)), 200);
    shell(&format!("{} FLUSHALL", printed.redis));
    assert_eq!(front.me(By::Cookie(cookie)), 401);
    assert_eq!(front.me(By::Token(token)), 200);
    front.log_in(ADA).of(200);
}

/// What it prints, to be used as it stands.
struct Printed {
    /// nginx first.
    addresses: Vec<SocketAddr>,
    /// Of the nodes.
    kills: Vec<String>,
    /// Of Redis.
    stop: String,
    redis: String,
}

impl Printed {
    fn read(text: &str) -> Self {
        let lines = || {
            text.lines()
                .map(|line| line.split("   ").collect::<Vec<_>>())
        };
        let of = |start: &str| {
            let mut words = lines().flatten().filter(|word| word.starts_with(start));
            words
                .next()
                .unwrap_or_else(|| panic!("no {start}: {text}"))
                .to_owned()
        };
        let nodes = lines().filter_map(|words| words.get(1)?.strip_prefix("a node; "));
        let addresses = lines().filter_map(|words| words[0].strip_prefix("http://"));
        let read = Self {
            addresses: addresses.map(|address| address.parse().unwrap()).collect(),
            kills: nodes.map(str::to_owned).collect(),
            stop: of("kill -STOP "),
            redis: of("redis-cli -s "),
        };
        assert_eq!((read.addresses.len(), read.kills.len()), (4, 3), "{text}");
        read
    }
}

/// Nothing, where a part is not installed, which it says; where `CI` is set, that fails.
fn start(directory: &Directory) -> Option<Example> {
    for _ in 0..TRIES {
        let program = env!("CARGO_BIN_EXE_three-nodes");
        let mut command = directory.command(program);
        // Who runs all tests has built it, and needs no second build with other features.
        if Path::new(program).with_file_name("quickstart").exists() {
            command.env("CARGO", "true");
        }
        let complaint = match Example::try_start(command.arg(first_port().to_string())) {
            Ok(example) => return Some(example),
            Err(complaint) => complaint,
        };
        if complaint.contains("not installed") && std::env::var_os("CI").is_none() {
            eprintln!("nothing was started: {complaint}");
            return None;
        }
        assert!(complaint.contains("is taken"), "{complaint}");
    }
    panic!("of all ports, no four in a row stay free for a moment");
}

/// Of four in a row that nobody listens on now.
fn first_port() -> u16 {
    let bind = |port| TcpListener::bind(("127.0.0.1", port));
    let free = (0..1000).find_map(|_| {
        let listener = bind(0).ok()?;
        let first = listener.local_addr().ok()?.port();
        let last = first.checked_add(3)?;
        let rest: Result<Vec<_>, _> = (first + 1..=last).map(bind).collect();
        rest.is_ok().then_some(first)
    });
    free.expect("some ports are free")
}

fn client(server: SocketAddr) -> Client {
    Client {
        server,
        from: String::from("10.0.0.1"),
        is_hasty: false,
    }
}

fn shell(line: &str) {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
}

fn processes() -> String {
    let output = Command::new("ps").args(["-eo", "args="]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it never came to this: {what}");
}
