//! A mixed load while nodes are killed and started again: nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::{Answer, By, Client, credentials};
use crate::world::{World, eventually};

const PEOPLE: usize = 12;

/// A person who uses the service, and remembers what it has acknowledged.
struct Person<'a> {
    world: &'a World,
    email: String,
    statuses: BTreeMap<(&'static str, u16), u32>,
    registered: bool,
    session: Option<Session>,
    keys: Vec<Key>,
    /// Tokens whose logout was acknowledged.
    ended: Vec<String>,
}

struct Session {
    token: String,
    refresh: String,
}

struct Key {
    id: String,
    key: String,
    is_deleted: bool,
}

#[test]
fn nothing_acknowledged_is_lost_while_nodes_are_killed() {
    let Some(world) = World::start() else {
        return;
    };
    let seconds = env::var("PORTCULLIS_LOAD_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(12);
    let (is_over, everybody) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let killed = thread::scope(|scope| {
        for number in 0..PEOPLE {
            let (world, is_over, everybody) = (&world, &is_over, &everybody);
            scope.spawn(move || {
                let mut person = Person::new(world, number);
                let mut step = 3 * number;
                while !is_over.load(Ordering::Acquire) {
                    person.step(step);
                    step += 1;
                }
                everybody.lock().unwrap().push(person);
            });
        }
        let killed = kill_nodes(&world, Duration::from_secs(seconds));
        is_over.store(true, Ordering::Release);
        killed
    });
    let mut all = BTreeMap::new();
    for person in everybody.into_inner().unwrap() {
        person.finds_all_as_it_was_left();
        for (asked, count) in person.statuses {
            *all.entry(asked).or_insert(0) += count;
        }
    }
    report(&all, killed, seconds);
    world.end_in_good_order();
}

/// One node after the other is killed, stays away for a moment, and comes back.
fn kill_nodes(world: &World, time: Duration) -> u32 {
    let began = Instant::now();
    let mut killed = 0;
    while began.elapsed() < time {
        thread::sleep(Duration::from_millis(700));
        let node = killed as usize % world.addresses.len();
        world.kill(node);
        thread::sleep(Duration::from_millis(200));
        world.start_again(node);
        killed += 1;
    }
    killed
}

fn report(all: &BTreeMap<(&'static str, u16), u32>, killed: u32, seconds: u64) {
    let total: u32 = all.values().sum();
    println!("{total} requests in {seconds} s while nodes were killed {killed} times: {all:?}");
    for status in [200, 401] {
        assert!(all.contains_key(&("posts", status)), "keys: {all:?}");
    }
    assert!(killed >= 3, "each was killed once at least");
    assert!(total >= 500, "{total} requests");
    for asked in ["me", "refresh", "login", "logout", "key"] {
        let has_succeeded = |status: &u16| [200, 201, 204].contains(status);
        let succeeded = all
            .keys()
            .any(|(what, status)| *what == asked && has_succeeded(status));
        assert!(succeeded, "{asked} never succeeded: {all:?}");
    }
}

impl<'a> Person<'a> {
    fn new(world: &'a World, number: usize) -> Self {
        Self {
            world,
            email: format!("person{number}@example.com"),
            statuses: BTreeMap::new(),
            registered: false,
            session: None,
            keys: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Each time from another address, so that no limit is met.
    fn client(&self) -> Client {
        self.world.somebody()
    }

    fn step(&mut self, number: usize) {
        match number % 40 {
            _ if !self.registered => self.register(),
            _ if self.session.is_none() => self.log_in(),
            3 | 13 | 23 | 33 => self.refresh(),
            5 | 25 => self.make_key(),
            7 | 27 => self.delete_key(),
            11 | 31 => self.look_at_what_ended(),
            // Seldom: the login that follows costs more than all the rest.
            39 => self.log_out(),
            even if even % 2 == 0 => self.look(),
            _ => self.use_key(number / 2),
        }
    }

    /// The answer, unless it is one of a node that was killed; then nobody knows what became of the request.
    fn ask(
        &mut self,
        what: &'static str,
        asked: std::io::Result<Answer>,
        good: &[u16],
    ) -> Option<Answer> {
        let answer = asked.expect("nginx answers, whatever nodes do");
        *self.statuses.entry((what, answer.status)).or_insert(0) += 1;
        if matches!(answer.status, 502 | 503) {
            return None;
        }
        assert!(
            good.contains(&answer.status),
            "{what} of {}: {answer:?}",
            self.email
        );
        Some(answer)
    }

    fn register(&mut self) {
        let body = credentials(&self.email);
        let asked = self
            .client()
            .try_ask("POST", "/api/users/register", By::Nobody, Some(&body));
        // 409: an earlier attempt whose answer was lost has succeeded.
        if self.ask("register", asked, &[201, 409]).is_some() {
            self.registered = true;
        }
    }

    fn log_in(&mut self) {
        let body = credentials(&self.email);
        let asked = self
            .client()
            .try_ask("POST", "/api/users/login", By::Nobody, Some(&body));
        self.session = self.ask("login", asked, &[200]).map(|answer| Session {
            token: answer.token(),
            refresh: answer.text("refreshToken"),
        });
    }

    fn by_token(
        &mut self,
        what: &'static str,
        method: &str,
        path: &str,
        good: &[u16],
    ) -> Option<Answer> {
        let token = self.session.as_ref()?.token.clone();
        let asked = self.client().try_ask(method, path, By::Token(&token), None);
        self.ask(what, asked, good)
    }

    fn look(&mut self) {
        if let Some(answer) = self.by_token("me", "GET", "/api/users/me", &[200]) {
            assert_eq!(answer.body["user"]["email"], self.email.as_str());
        }
    }

    fn refresh(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        let body = json!({ "refreshToken": session.refresh });
        let asked =
            self.client()
                .try_ask("POST", "/api/users/refresh-token", By::Nobody, Some(&body));
        // Where the answer was lost, a new login is next.
        self.session = self.ask("refresh", asked, &[200]).map(|answer| Session {
            token: answer.token(),
            refresh: answer.text("refreshToken"),
        });
    }

    fn log_out(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        let (by, empty) = (By::Token(&session.token), json!({}));
        let asked = self
            .client()
            .try_ask("POST", "/api/users/logout", by, Some(&empty));
        if self.ask("logout", asked, &[204]).is_some() {
            self.ended.push(session.token);
        }
    }

    fn look_at_what_ended(&mut self) {
        let Some(token) = self.ended.last().cloned() else {
            return;
        };
        let asked = self
            .client()
            .try_ask("GET", "/api/users/me", By::Token(&token), None);
        // Heard within milliseconds on nodes that listen, and within a second by those that have just begun: that is looked at in the end.
        self.ask("ended", asked, &[200, 401]);
    }

    fn make_key(&mut self) {
        let Some(session) = &self.session else { return };
        if self.keys.iter().filter(|key| !key.is_deleted).count() >= 5 {
            return;
        }
        let (body, by) = (json!({ "name": "load" }), By::Token(&session.token));
        let asked = self
            .client()
            .try_ask("POST", "/api/users/api-keys", by, Some(&body));
        if let Some(answer) = self
            .ask("key", asked, &[201, 409, 429])
            .filter(|answer| answer.status == 201)
        {
            let text = |name: &str| answer.body["apiKey"][name].as_str().unwrap().to_owned();
            let (id, key) = (text("id"), text("key"));
            self.keys.push(Key {
                id,
                key,
                is_deleted: false,
            });
        }
    }

    /// The oldest; one always stays.
    fn delete_key(&mut self) {
        let mut good = (0..self.keys.len()).filter(|place| !self.keys[*place].is_deleted);
        let (Some(place), Some(_)) = (good.next(), good.next()) else {
            return;
        };
        let path = format!("/api/users/api-keys/{}", self.keys[place].id);
        match self.by_token("delete key", "DELETE", &path, &[204, 429]) {
            Some(answer) => self.keys[place].is_deleted = answer.status == 204,
            // Perhaps it is: nobody knows.
            None => drop(self.keys.remove(place)),
        }
    }

    /// Each in turn.
    fn use_key(&mut self, number: usize) {
        let Some(key) = self.keys.get(number % self.keys.len().max(1)) else {
            return;
        };
        let good = if key.is_deleted { 401 } else { 200 };
        let asked = self
            .client()
            .try_ask("GET", "/api/posts", By::Key(&key.key), None);
        self.ask("posts", asked, &[good]);
    }

    /// On each node.
    fn finds_all_as_it_was_left(&self) {
        assert!(self.registered, "{} was never registered", self.email);
        for node in 0..self.world.addresses.len() {
            let client = || self.world.somebody_on(node);
            client().log_in(&self.email).of(200);
            if let Some(session) = &self.session {
                client()
                    .get("/api/users/me", By::Token(&session.token))
                    .of(200);
            }
            for key in &self.keys {
                let good = if key.is_deleted { 401 } else { 200 };
                client().get("/api/posts", By::Key(&key.key)).of(good);
            }
            for token in &self.ended {
                eventually("what ended is nothing", || {
                    client().me(By::Token(token)) == 401
                });
            }
        }
    }
}
