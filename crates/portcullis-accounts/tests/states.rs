//! Whatever is done, in whatever order: what was revoked does not work, and what was not does.

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::sync::LazyLock;
use std::time::Duration;

use portcullis_accounts::{
    ChangePassword, Collection, Credentials, LoggedIn, Login, Logout, Mode, Proof, Session,
};
use portcullis_core::AuthUser;
use portcullis_password::HashPool;
use proptest::prelude::*;

use crate::browser::Browser;
use crate::common::{Harness, cheap_hasher, code, harness_with};

static POOL: LazyLock<HashPool> = LazyLock::new(|| HashPool::new(cheap_hasher()).unwrap());

const USERS: usize = 2;
const MINUTE: Duration = Duration::from_secs(60);

/// One step. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Login { user: usize, by_cookie: bool },
    Wrong { user: usize },
    Refresh { login: usize },
    RefreshParent { login: usize },
    RefreshOldest { login: usize },
    Logout { login: usize },
    LogoutToken { login: usize },
    LogoutAll { login: usize, keep: bool },
    Revoke { login: usize, other: usize },
    ChangePassword { login: usize },
    Reset { user: usize },
    Reauthenticate { login: usize },
    Ban { user: usize },
    Unban { user: usize },
    Roles { user: usize },
    Delete { user: usize },
    Wait { seconds: u64 },
    Purge,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0..1_000_usize;
    let user = 0..USERS;
    let step = prop_oneof![
        8 => (user.clone(), any::<bool>()).prop_map(|(user, by_cookie)| Step::Login { user, by_cookie }),
        1 => user.clone().prop_map(|user| Step::Wrong { user }),
        5 => which.clone().prop_map(|login| Step::Refresh { login }),
        2 => which.clone().prop_map(|login| Step::RefreshParent { login }),
        1 => which.clone().prop_map(|login| Step::RefreshOldest { login }),
        2 => which.clone().prop_map(|login| Step::Logout { login }),
        1 => which.clone().prop_map(|login| Step::LogoutToken { login }),
        2 => (which.clone(), any::<bool>()).prop_map(|(login, keep)| Step::LogoutAll { login, keep }),
        2 => (which.clone(), which.clone()).prop_map(|(login, other)| Step::Revoke { login, other }),
        2 => which.clone().prop_map(|login| Step::ChangePassword { login }),
        1 => user.clone().prop_map(|user| Step::Reset { user }),
        2 => which.clone().prop_map(|login| Step::Reauthenticate { login }),
        1 => user.clone().prop_map(|user| Step::Ban { user }),
        2 => user.clone().prop_map(|user| Step::Unban { user }),
        1 => user.clone().prop_map(|user| Step::Roles { user }),
        1 => user.prop_map(|user| Step::Delete { user }),
        3 => prop_oneof![0..5_u64, 11..120_u64, 1000..4000_u64].prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Purge),
    ];
    prop::collection::vec(step, 1..30)
}

/// A login as the model sees it.
struct Known {
    user: usize,
    id: String,
    is_alive: bool,
    began: u64,
    kind: Kind,
}

enum Kind {
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

struct Person {
    email: String,
    password: String,
    is_banned: bool,
    is_there: bool,
    id: String,
}

struct World {
    harness: Harness,
    people: Vec<Person>,
    logins: Vec<Known>,
    seconds: u64,
    number: u32,
}

const LIFE: u64 = 15 * 60;
/// A brief login's.
const DAY: u64 = 24 * 3600;

impl World {
    async fn new() -> Self {
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

    fn note(&mut self, user: usize, session: &Session, mut browser: Browser) {
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

    fn may_enter(&self, user: usize) -> bool {
        !self.people[user].is_banned && self.people[user].is_there
    }

    fn pick(&self, number: usize) -> Option<usize> {
        (!self.logins.is_empty()).then(|| number % self.logins.len())
    }

    fn end_all(&mut self, user: usize, except: Option<usize>) {
        for (number, login) in self.logins.iter_mut().enumerate() {
            if login.user == user && Some(number) != except {
                login.is_alive = false;
            }
        }
    }

    fn is_live(&self, login: &Known) -> bool {
        login.is_alive && self.seconds - login.began < DAY
    }

    /// The caller behind a login, by its newest credential.
    async fn caller(&self, login: usize) -> Option<AuthUser> {
        let found = match &self.logins[login].kind {
            Kind::Token { access, .. } => {
                let bearer = format!("Bearer {}", access.last().unwrap().0);
                self.harness.caller_by("authorization", &bearer).await
            }
            Kind::Cookie { browser, .. } => browser.caller(&self.harness).await,
        };
        found.ok()
    }

    fn users_of(&self, login: usize) -> portcullis_accounts::Users {
        match &self.logins[login].kind {
            Kind::Token { .. } => self.harness.users(),
            Kind::Cookie { browser, .. } => browser.users(&self.harness),
        }
    }

    async fn refresh(&mut self, number: usize, age: usize) {
        let (now, may_enter) = (self.seconds, self.may_enter(self.logins[number].user));
        let is_live = self.is_live(&self.logins[number]) && may_enter;
        let users = self.harness.users();
        let Kind::Token {
            refresh,
            access,
            rotated,
        } = &mut self.logins[number].kind
        else {
            return;
        };
        let at = refresh.len() - 1 - age.min(refresh.len() - 1);
        let behind = refresh.len() - 1 - at;
        let answer = users.refresh(&refresh[at].clone()).await;
        let is_good = is_live && (behind == 0 || (behind == 1 && now - *rotated <= 10));
        assert_eq!(answer.is_ok(), is_good, "{answer:?}, {behind} behind");
        match answer {
            Ok(session) => {
                let tokens = common::tokens(&session);
                access.push((tokens.access().to_owned(), now, false));
                match behind {
                    0 => {
                        refresh.push(tokens.refresh().to_owned());
                        *rotated = now;
                    }
                    _ => assert_eq!(refresh.last().unwrap(), tokens.refresh()),
                }
            }
            Err(_) => self.logins[number].is_alive = false,
        }
    }

    async fn change_password(&mut self, number: usize) {
        let Some(caller) = self.caller(number).await else {
            return;
        };
        self.number += 1;
        let user = self.logins[number].user;
        let new = format!("staple battery horse {}", self.number);
        let change = ChangePassword::new(self.people[user].password.as_str(), new.as_str());
        let session = self
            .users_of(number)
            .change_password(&caller, change)
            .await
            .unwrap();
        self.people[user].password = new;
        self.end_all(user, None);
        let browser = match &self.logins[number].kind {
            Kind::Cookie { browser, .. } => browser.clone(),
            Kind::Token { .. } => Browser::at("192.0.2.1"),
        };
        self.note(user, &session, browser);
    }

    async fn reauthenticate(&mut self, number: usize) {
        let Some(caller) = self.caller(number).await else {
            return;
        };
        let password = self.people[self.logins[number].user].password.clone();
        let users = self.users_of(number);
        let proved = users
            .reauthenticate(&caller, Proof::Password(&password))
            .await
            .unwrap();
        let now = self.seconds;
        match &mut self.logins[number].kind {
            Kind::Token { access, .. } => {
                access.last_mut().unwrap().2 = true;
                access.push((proved.token.unwrap().as_str().to_owned(), now, false));
            }
            Kind::Cookie { browser, former } => {
                former.push(browser.clone());
                browser.keep(&proved.cookie.unwrap());
            }
        }
    }

    async fn reset(&mut self, user: usize) {
        self.number += 1;
        self.harness.sent().await;
        self.harness.mail.clear();
        let email = self.people[user].email.clone();
        self.harness
            .users()
            .request_password_reset(&email)
            .await
            .unwrap();
        let mail = self.harness.mail_to(&email).await;
        let Some(token) = mail.as_ref().and_then(common::token_in) else {
            assert!(!self.may_enter(user));
            return;
        };
        let new = format!("staple battery horse {}", self.number);
        self.harness
            .users()
            .reset_password(&token, &new)
            .await
            .unwrap();
        self.people[user].password = new;
        self.end_all(user, None);
    }

    async fn login(&mut self, user: usize, by_cookie: bool) {
        let mut browser = Browser::at("192.0.2.1");
        let (email, password) = (
            self.people[user].email.clone(),
            self.people[user].password.clone(),
        );
        let mode = if by_cookie { Mode::Cookie } else { Mode::Token };
        let login = Login {
            email,
            password: password.into(),
            remember: false,
            mode: Some(mode),
        };
        let answer = browser.users(&self.harness).login(login).await;
        assert_eq!(answer.is_ok(), self.may_enter(user), "{answer:?}");
        if let Ok(LoggedIn::Done(session)) = answer {
            browser.cookies.clear();
            self.note(user, &session, browser);
        }
    }

    async fn logout(&mut self, number: usize) {
        let caller = self.caller(number).await;
        let users = self.users_of(number);
        let logout = match &self.logins[number].kind {
            Kind::Token { refresh, .. } => Logout {
                refresh_token: Some(&refresh[0]),
                caller: None,
            },
            Kind::Cookie { .. } => Logout {
                refresh_token: None,
                caller: caller.as_ref(),
            },
        };
        users.logout(logout).await.unwrap();
        self.logins[number].is_alive = false;
    }

    async fn logout_token(&mut self, number: usize) {
        let Kind::Token { access, .. } = &self.logins[number].kind else {
            return;
        };
        let (token, issued, is_over) = access.last().unwrap();
        self.harness.users().logout_token(token).await.unwrap();
        if !is_over && self.seconds - issued < LIFE {
            self.logins[number].is_alive = false;
        }
    }

    async fn logout_all(&mut self, number: usize, keep: bool) {
        let Some(caller) = self.caller(number).await else {
            return;
        };
        self.users_of(number)
            .logout_all(&caller, keep)
            .await
            .unwrap();
        let user = self.logins[number].user;
        self.end_all(user, keep.then_some(number));
    }

    async fn revoke(&mut self, number: usize, other: usize) {
        let Some(caller) = self.caller(number).await else {
            return;
        };
        let answer = self
            .harness
            .users()
            .revoke_session(&caller, &self.logins[other].id.clone())
            .await;
        if self.logins[other].user != self.logins[number].user {
            assert_eq!(code(answer), "404 not_found");
            return;
        }
        assert!(
            answer.is_ok() || !self.is_live(&self.logins[other]),
            "{answer:?}"
        );
        self.logins[other].is_alive = false;
    }

    async fn administer(&mut self, step: &Step) {
        let application = self.harness.users().as_application();
        match step {
            Step::Ban { user } if self.may_enter(*user) => {
                application.ban_user(&self.people[*user].id).await.unwrap();
                self.people[*user].is_banned = true;
                self.end_all(*user, None);
            }
            Step::Unban { user } if self.people[*user].is_there => {
                application
                    .unban_user(&self.people[*user].id)
                    .await
                    .unwrap();
                self.people[*user].is_banned = false;
            }
            Step::Delete { user } if self.people[*user].is_there => {
                application
                    .delete_user(&self.people[*user].id)
                    .await
                    .unwrap();
                self.people[*user].is_there = false;
                self.end_all(*user, None);
            }
            Step::Roles { user } if self.people[*user].is_there => {
                self.number += 1;
                let roles = vec![format!("role{}", self.number)];
                application
                    .set_roles(&self.people[*user].id, roles)
                    .await
                    .unwrap();
                // Access tokens that say otherwise are taken back; what the login lives by is not.
                for login in self.logins.iter_mut().filter(|login| login.user == *user) {
                    if let Kind::Token { access, .. } = &mut login.kind {
                        access.iter_mut().for_each(|token| token.2 = true);
                    }
                }
            }
            _ => {}
        }
    }

    async fn step(&mut self, step: &Step) {
        let of = |number: usize| self.pick(number);
        match *step {
            Step::Login { user, by_cookie } => self.login(user, by_cookie).await,
            Step::Wrong { user } => {
                let email = self.people[user].email.clone();
                assert_eq!(
                    code(self.harness.login(&email, "wrong").await),
                    "401 invalid_credentials"
                );
            }
            Step::Refresh { login } => self.refresh(of(login).unwrap(), 0).await,
            Step::RefreshParent { login } => self.refresh(of(login).unwrap(), 1).await,
            Step::RefreshOldest { login } => self.refresh(of(login).unwrap(), usize::MAX).await,
            Step::Logout { login } => self.logout(of(login).unwrap()).await,
            Step::LogoutToken { login } => self.logout_token(of(login).unwrap()).await,
            Step::LogoutAll { login, keep } => self.logout_all(of(login).unwrap(), keep).await,
            Step::Revoke { login, other } => {
                self.revoke(of(login).unwrap(), of(other).unwrap()).await;
            }
            Step::ChangePassword { login } => self.change_password(of(login).unwrap()).await,
            Step::Reauthenticate { login } => self.reauthenticate(of(login).unwrap()).await,
            Step::Reset { user } => self.reset(user).await,
            Step::Wait { seconds } => {
                self.seconds += seconds;
                self.harness.wait(Duration::from_secs(seconds));
            }
            Step::Purge => drop(self.harness.accounts.purge().await.unwrap()),
            Step::Ban { .. } | Step::Unban { .. } | Step::Roles { .. } | Step::Delete { .. } => {
                self.administer(step).await;
            }
        }
    }

    /// What is over does not work; of what is not, the newest does.
    async fn check(&self) {
        for login in &self.logins {
            let is_live = self.is_live(login) && self.may_enter(login.user);
            match &login.kind {
                Kind::Token {
                    refresh, access, ..
                } => {
                    for (token, issued, is_over) in access {
                        // Verifiers allow clocks to differ by a minute.
                        let is_expired = self.seconds - issued >= LIFE + 60;
                        let is_good =
                            login.is_alive && !is_over && !is_expired && self.may_enter(login.user);
                        let found = self
                            .harness
                            .caller_by("authorization", &format!("Bearer {token}"))
                            .await;
                        assert_eq!(found.is_ok(), is_good, "{found:?}, issued at {issued}");
                    }
                    for token in refresh.iter().filter(|_| !is_live) {
                        let answer = self.harness.users().refresh(token).await;
                        assert!(answer.is_err(), "{answer:?}");
                    }
                }
                Kind::Cookie { browser, former } => {
                    let found = browser.caller(&self.harness).await;
                    assert_eq!(found.is_ok(), is_live, "{found:?}");
                    for browser in former {
                        assert_eq!(
                            code(browser.caller(&self.harness).await),
                            "401 unauthenticated"
                        );
                    }
                }
            }
        }
    }

    /// What should live lives: its refresh token is good.
    async fn check_lives(&mut self) {
        for number in 0..self.logins.len() {
            if self.is_live(&self.logins[number]) && self.may_enter(self.logins[number].user) {
                self.refresh(number, 0).await;
            }
        }
    }
}

proptest! {
    /// AC-R1, AC-R6, AC-S1, AC-S2, AC-J9: no sequence of steps reaches a state in which what was revoked works.
    #[test]
    fn what_was_revoked_never_works(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world.step(step).await;
                world.check().await;
            }
            world.check_lives().await;
            world.harness.wait(MINUTE);
        });
    }
}
