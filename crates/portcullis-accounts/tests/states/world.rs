//! What a model knows of the accounts: who may come in, and by which credentials.

use std::sync::LazyLock;

use portcullis_accounts::{Collection, Credentials, Session, Users};
use portcullis_core::AuthUser;
use portcullis_password::HashPool;

use crate::browser::Browser;
use crate::common::{self, Harness, cheap_hasher, harness_with};

static POOL: LazyLock<HashPool> = LazyLock::new(|| HashPool::new(cheap_hasher()).unwrap());

pub(crate) const USERS: usize = 2;

/// How long an access token lives, in seconds.
pub(crate) const LIFE: u64 = 15 * 60;
/// A brief login's.
const DAY: u64 = 24 * 3600;

/// A login as the model sees it.
pub(crate) struct Known {
    pub(crate) user: usize,
    pub(crate) id: String,
    pub(crate) is_alive: bool,
    pub(crate) began: u64,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Token {
        /// All refresh tokens, the newest last.
        refresh: Vec<String>,
        /// Access tokens, when they were issued, and whether they were taken back by themselves.
        access: Vec<(String, u64, bool)>,
        rotated: u64,
    },
    Cookie {
        browser: Browser,
        /// Browsers with cookies that were replaced.
        former: Vec<Browser>,
    },
}

pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) is_banned: bool,
    pub(crate) is_there: bool,
    pub(crate) id: String,
}

pub(crate) struct World {
    pub(crate) harness: Harness,
    pub(crate) people: Vec<Person>,
    pub(crate) logins: Vec<Known>,
    pub(crate) seconds: u64,
    pub(crate) number: u32,
}

impl World {
    pub(crate) async fn new() -> Self {
        let harness = harness_with(Collection::new(), |builder| {
            builder.with_insecure_no_limits().hash_pool(POOL.clone())
        });
        let mut world = Self {
            harness,
            people: Vec::new(),
            logins: Vec::new(),
            seconds: 0,
            number: 0,
        };
        for number in 0..USERS {
            let email = format!("user{number}@example.com");
            let session = world.harness.register(&email).await;
            let id = session.user.id.to_string();
            world.people.push(Person {
                email,
                password: common::PASSWORD.to_owned(),
                is_banned: false,
                is_there: true,
                id,
            });
            world.note(number, &session, Browser::at("192.0.2.1"));
        }
        world
    }

    pub(crate) fn note(&mut self, user: usize, session: &Session, mut browser: Browser) {
        let kind = match &session.credentials {
            Credentials::Tokens(tokens) => Kind::Token {
                refresh: vec![tokens.refresh().to_owned()],
                access: vec![(tokens.access().to_owned(), self.seconds, false)],
                rotated: self.seconds,
            },
            Credentials::Cookie(_) => {
                browser.keep_all(session);
                Kind::Cookie {
                    browser,
                    former: Vec::new(),
                }
            }
        };
        self.logins.push(Known {
            user,
            id: session.id().to_owned(),
            is_alive: true,
            began: self.seconds,
            kind,
        });
    }

    pub(crate) fn may_enter(&self, user: usize) -> bool {
        !self.people[user].is_banned && self.people[user].is_there
    }

    pub(crate) fn pick(&self, number: usize) -> Option<usize> {
        (!self.logins.is_empty()).then(|| number % self.logins.len())
    }

    pub(crate) fn end_all(&mut self, user: usize, except: Option<usize>) {
        for (number, login) in self.logins.iter_mut().enumerate() {
            if login.user == user && Some(number) != except {
                login.is_alive = false;
            }
        }
    }

    pub(crate) fn is_live(&self, login: &Known) -> bool {
        login.is_alive && self.seconds - login.began < DAY
    }

    /// The caller behind a login, by its newest credential.
    pub(crate) async fn caller(&self, login: usize) -> Option<AuthUser> {
        let found = match &self.logins[login].kind {
            Kind::Token { access, .. } => {
                let bearer = format!("Bearer {}", access.last().unwrap().0);
                self.harness.caller_by("authorization", &bearer).await
            }
            Kind::Cookie { browser, .. } => browser.caller(&self.harness).await,
        };
        found.ok()
    }

    pub(crate) fn users_of(&self, login: usize) -> Users {
        match &self.logins[login].kind {
            Kind::Token { .. } => self.harness.users(),
            Kind::Cookie { browser, .. } => browser.users(&self.harness),
        }
    }
}
