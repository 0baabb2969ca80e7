//! People who use the service while it is harmed, and remember what it has acknowledged.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::at_once::meanwhile;
use crate::http::{Answer, By, Client, credentials};
use crate::refreshing::ended_everywhere;
use crate::world::{NODES, World, eventually};

/// How often what was answered how.
pub(crate) type Statuses = BTreeMap<(&'static str, u16), u32>;

pub(crate) struct Person<'a> {
    world: &'a World,
    number: usize,
    email: String,
    /// How many requests all have made.
    asked: &'a AtomicU32,
    pub(crate) statuses: Statuses,
    registered: bool,
    session: Option<Session>,
    keys: Vec<Key>,
    /// Sessions whose logout was acknowledged.
    ended: Vec<Session>,
}

struct Session {
    token: String,
    refresh: String,
    /// Refresh tokens whose exchange was acknowledged, the oldest first.
    used: Vec<String>,
}

struct Key {
    id: String,
    key: String,
    is_deleted: bool,
}

/// Has so many people use the service until they have made so many requests, while something is done to it; they come back when both
/// are over.
pub(crate) fn while_people_use_it<'a>(
    world: &'a World,
    asked: &'a AtomicU32,
    (people, requests): (usize, u32),
    harm: impl FnOnce(),
) -> Vec<Person<'a>> {
    let (everybody, harmed) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 0..people {
            let (everybody, harmed) = (&everybody, &harmed);
            scope.spawn(move || {
                let mut person = Person::new(world, number, asked);
                let is_over = || harmed.load(Ordering::Acquire);
                let mut step = 3 * number;
                while asked.load(Ordering::Relaxed) < requests || !is_over() {
                    person.step(step);
                    step += 1;
                }
                everybody.lock().unwrap().push(person);
            });
        }
        meanwhile(&harmed, harm);
    });
    everybody.into_inner().unwrap()
}

/// Waits until so many more requests were made.
pub(crate) fn wait_for(asked: &AtomicU32, more: u32) {
    wait_for_each(asked, more, || {});
}

/// The same, and does something every few milliseconds.
pub(crate) fn wait_for_each(asked: &AtomicU32, more: u32, does: impl Fn()) {
    let (began, until) = (Instant::now(), asked.load(Ordering::Relaxed) + more);
    while asked.load(Ordering::Relaxed) < until {
        does();
        thread::sleep(Duration::from_millis(5));
        assert!(began.elapsed() < Duration::from_secs(120), "nobody asks");
    }
}

/// Everything that was acknowledged to anybody is so; how often what was answered how.
pub(crate) fn find_all_as_it_was_left(people: Vec<Person<'_>>) -> Statuses {
    let mut all = Statuses::new();
    let reused: usize = people.iter().map(Person::finds_all_as_it_was_left).sum();
    for (asked, count) in people.into_iter().flat_map(|person| person.statuses) {
        *all.entry(asked).or_insert(0) += count;
    }
    println!("{reused} used refresh tokens were presented again");
    all
}

/// Something of each kind was done.
pub(crate) fn all_was_done(all: &Statuses) {
    for asked in ["me", "refresh", "login", "logout", "key", "posts"] {
        let has_succeeded = |status: &u16| (200..300).contains(status);
        let succeeded = all
            .keys()
            .any(|(what, status)| *what == asked && has_succeeded(status));
        assert!(succeeded, "{asked} never succeeded: {all:?}");
    }
}

impl<'a> Person<'a> {
    fn new(world: &'a World, number: usize, asked: &'a AtomicU32) -> Self {
        Self {
            world,
            number,
            email: format!("person{number}@example.com"),
            asked,
            statuses: Statuses::new(),
            registered: false,
            session: None,
            keys: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Each time from another address, so that no limit is met; one who knows what a 503 leaves open.
    fn client(&self) -> Client {
        self.world.somebody().hasty()
    }

    fn step(&mut self, number: usize) {
        match number % 40 {
            _ if !self.registered => self.register(),
            _ if self.session.is_none() => self.log_in(),
            3 | 13 | 23 | 33 => self.refresh(),
            5 | 25 => self.make_key(),
            7 | 27 => self.delete_key(),
            11 | 31 => self.look_at_what_ended(),
            21 => self.refresh_what_ended(),
            // Seldom: the login that follows costs more than all the rest.
            39 => self.log_out(),
            even if even % 2 == 0 => self.look(),
            _ => self.use_key(number / 2),
        }
    }

    /// The answer, unless it is none of the request's: of a node that was killed, or that could not ask others. Then nobody knows what
    /// became of the request.
    fn ask(
        &mut self,
        what: &'static str,
        asked: io::Result<Answer>,
        good: &[u16],
    ) -> Option<Answer> {
        let answer = asked.expect("nginx answers, whatever nodes do");
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.statuses.entry((what, answer.status)).or_insert(0) += 1;
        match answer.status {
            502 => return None,
            503 => {
                answer.unavailable();
                return None;
            }
            _ => {}
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
            used: Vec::new(),
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

    fn exchange(&mut self, what: &'static str, token: &str, good: &[u16]) -> Option<Answer> {
        let body = json!({ "refreshToken": token });
        let path = "/api/users/refresh-token";
        let asked = self.client().try_ask("POST", path, By::Nobody, Some(&body));
        self.ask(what, asked, good)
    }

    fn refresh(&mut self) {
        let Some(mut session) = self.session.take() else {
            return;
        };
        // Where the answer was lost, a new login is next.
        if let Some(answer) = self.exchange("refresh", &session.refresh, &[200]) {
            session.used.push(session.refresh);
            session.refresh = answer.text("refreshToken");
            session.token = answer.token();
            self.session = Some(session);
        }
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
            self.ended.push(session);
        }
    }

    fn look_at_what_ended(&mut self) {
        let Some(token) = self.ended.last().map(|session| session.token.clone()) else {
            return;
        };
        let asked = self
            .client()
            .try_ask("GET", "/api/users/me", By::Token(&token), None);
        // Heard within milliseconds on nodes that listen, and within a second by those that have just begun: that is looked at in the end.
        self.ask("ended", asked, &[200, 401]);
    }

    /// What renews a session is asked of PostgreSQL, and over at once.
    fn refresh_what_ended(&mut self) {
        if let Some(token) = self.ended.last().map(|session| session.refresh.clone()) {
            self.exchange("ended refresh", &token, &[401]);
        }
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

    /// On each node; how many refresh tokens there were to be used a second time.
    fn finds_all_as_it_was_left(&self) -> usize {
        assert!(self.registered, "{} was never registered", self.email);
        let on = |node| self.world.somebody_on(node);
        on(self.number % NODES).log_in(&self.email).of(200);
        for node in 0..NODES {
            if let Some(session) = &self.session {
                on(node)
                    .get("/api/users/me", By::Token(&session.token))
                    .of(200);
            }
            for key in &self.keys {
                let good = if key.is_deleted { 401 } else { 200 };
                on(node).get("/api/posts", By::Key(&key.key)).of(good);
            }
            for Session { token, refresh, .. } in &self.ended {
                on(node).refresh(refresh).of(401);
                eventually("what ended is nothing", || {
                    on(node).me(By::Token(token)) == 401
                });
            }
        }
        self.session
            .as_ref()
            .map_or(0, |session| self.uses_again(session))
    }

    /// A token that was used stays so: presented again it ends the session, for then somebody has copied it.
    fn uses_again(&self, session: &Session) -> usize {
        let Some(used) = session.used.first() else {
            return 0;
        };
        let newest = session.refresh.clone();
        let client = || self.world.somebody_on((self.number + 1) % NODES);
        // The newest one's parent may be presented once more, within a grace: here it is an older one.
        let next = client().refresh(&newest).of(200);
        let answer = client().refresh(used).of(401);
        assert_eq!(answer.body["code"], "refresh_reused", "{answer:?}");
        let tokens = [session.token.clone(), next.token()];
        ended_everywhere(self.world, &next.text("refreshToken"), &tokens);
        1
    }
}
