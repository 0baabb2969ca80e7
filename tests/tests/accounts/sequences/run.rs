//! Steps made, and all credentials tried after them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::accounts::{ChangePassword, Credentials, Mode, NewKey, NewUser, Session as Begun};
use portcullis::{AuthUser, Clock as _, Denial};
use proptest::test_runner::TestCaseError;

use super::model::{Access, Key, Kind, Person, Session};
use super::{Request, Step};
use crate::support::{PASSWORD, World, cookie_of, enter_by, tokens, try_log_in};

type Checked<T = ()> = Result<T, TestCaseError>;

/// How long the parent of a refresh token may be presented once more.
const GRACE: Duration = Duration::from_secs(10);

/// One sequence, with two people of its own.
pub(super) struct Run<'a> {
    world: &'a World,
    people: Vec<Person>,
    checks: usize,
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

fn fail(what: impl Into<String>) -> TestCaseError {
    TestCaseError::fail(what.into())
}

fn new_password() -> String {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("new password number {number}")
}

/// What should have been refused.
fn refused<T>(answer: Result<T, Denial>, what: &str) -> Checked {
    match answer {
        Ok(_) => Err(fail(format!("{what} works"))),
        Err(denial) if denial.status().is_client_error() => Ok(()),
        Err(denial) => Err(fail(format!("{what}: {denial:?}"))),
    }
}

/// What should have been done.
fn done<T>(answer: Result<T, Denial>, what: &str) -> Checked<T> {
    answer.map_err(|denial| fail(format!("{what}: {denial:?}")))
}

impl<'a> Run<'a> {
    /// Somebody who stays administrator, so that the others may be or not.
    pub(super) async fn prepare(world: &World) {
        let application = world.users(0).as_application();
        let root = NewUser::new("root@example.com").roles(["admin"]);
        application.create_user(root).await.unwrap();
    }

    pub(super) async fn begin(world: &'a World) -> Self {
        let mut people = Vec::new();
        for _ in 0..2 {
            let email = format!("user{}@example.com", NEXT.fetch_add(1, Ordering::Relaxed));
            let application = world.users(0).as_application();
            let new = NewUser::new(&email).password(PASSWORD).verified();
            let user = application.create_user(new).await.unwrap();
            people.push(Person {
                id: user.id.to_string(),
                email,
                password: PASSWORD.to_owned(),
                is_banned: false,
                is_admin: false,
                sessions: Vec::new(),
                keys: Vec::new(),
            });
        }
        Self {
            world,
            people,
            checks: 0,
        }
    }

    /// Makes the steps, and says how many credentials were tried.
    pub(super) async fn walk(mut self, steps: &[Step]) -> Checked<usize> {
        for (number, step) in steps.iter().enumerate() {
            let made = self.make(step).await;
            made.map_err(|error| fail(format!("step {number}, {step:?}: {error}")))?;
        }
        self.try_all().await?;
        Ok(self.checks)
    }

    async fn make(&mut self, step: &Step) -> Checked {
        match &step.request {
            Request::Login { cookie } => self.log_in(step, *cookie).await,
            Request::Refresh { session } => self.present(step, *session, None).await,
            Request::Replay { session, token } => self.present(step, *session, Some(*token)).await,
            Request::Logout { session, by_access } => {
                self.log_out(step, *session, *by_access).await
            }
            Request::LogoutAll {
                session,
                keeps_current,
            } => self.log_out_all(step, *session, *keeps_current).await,
            Request::ChangePassword { session } => self.change_password(step, *session).await,
            Request::CreateKey { session } => self.create_key(step, *session).await,
            Request::RevokeKey { session, key } => self.revoke_key(step, *session, *key).await,
            Request::ResetPassword => self.reset_password(step).await,
            Request::Ban | Request::Unban => self.ban(step).await,
            Request::SetRole { admin } => self.set_role(step, *admin).await,
            Request::Wait(seconds) => {
                self.world.wait(Duration::from_secs(*seconds));
                Ok(())
            }
            Request::CatchUp => {
                self.world.catch_up().await;
                Ok(())
            }
        }
    }

    /// A session of a person, if there is any.
    fn pick(&self, person: usize, session: usize) -> Option<usize> {
        let count = self.people[person].sessions.len();
        (0 < count).then(|| session % count)
    }

    fn keep(&mut self, person: usize, begun: &Begun) {
        let kind = match &begun.credentials {
            Credentials::Cookie(_) => Kind::Cookie(cookie_of(begun)),
            Credentials::Tokens(tokens) => Kind::Tokens {
                refresh: vec![tokens.refresh().to_owned()],
                rotated_at: self.world.clock.now(),
                access: vec![Access {
                    token: tokens.access().to_owned(),
                    is_live: true,
                }],
            },
        };
        let session = Session {
            is_live: true,
            kind,
        };
        self.people[person].sessions.push(session);
    }

    /// Who calls by a session, as the node sees it, once it has caught up; the newest access token counts.
    async fn caller(&self, step: &Step, session: usize) -> Option<AuthUser> {
        let node = &self.world.nodes[step.node];
        node.accounts.catch_up().await.unwrap();
        match &self.people[step.person].sessions[session].kind {
            Kind::Cookie(cookie) => node.by_cookie(cookie).await.ok(),
            Kind::Tokens { access, .. } => node.by_token(&access.last()?.token).await.ok(),
        }
    }

    async fn log_in(&mut self, step: &Step, cookie: bool) -> Checked {
        let person = &self.people[step.person];
        let mode = if cookie { Mode::Cookie } else { Mode::Token };
        let users = self.world.users(step.node);
        let begun = try_log_in(&users, &person.email, &person.password, mode).await;
        if person.is_banned {
            return refused(begun, "a login while banned");
        }
        let begun = done(begun, "a login")?;
        self.keep(step.person, &begun);
        Ok(())
    }

    /// Presents a refresh token: the newest, or an older one.
    async fn present(&mut self, step: &Step, session: usize, older: Option<usize>) -> Checked {
        let Some(number) = self.pick(step.person, session) else {
            return Ok(());
        };
        let session = &mut self.people[step.person].sessions[number];
        let is_live = session.is_live;
        let Kind::Tokens {
            refresh,
            rotated_at,
            access,
        } = &mut session.kind
        else {
            return Ok(());
        };
        let newest = refresh.len() - 1;
        let generation = older.map_or(newest, |older| older % refresh.len());
        let users = self.world.users(step.node);
        let answer = users.refresh(&refresh[generation]).await;
        let now = self.world.clock.now();
        let in_grace = now.saturating_duration_since(*rotated_at) <= GRACE;
        let is_good = generation == newest || (generation + 1 == newest && in_grace);
        if !is_live {
            return refused(answer, "a refresh token of a login that has ended");
        }
        if !is_good {
            session.is_live = false;
            return refused(answer, "a refresh token that was used before");
        }
        let next = done(answer, "a refresh")?;
        let next = tokens(&next);
        if generation == newest {
            refresh.push(next.refresh().to_owned());
            *rotated_at = now;
        } else if next.refresh() != refresh[newest] {
            return Err(fail("the parent gave another child"));
        }
        access.push(Access {
            token: next.access().to_owned(),
            is_live: true,
        });
        Ok(())
    }

    async fn log_out(&mut self, step: &Step, session: usize, by_access: bool) -> Checked {
        let Some(number) = self.pick(step.person, session) else {
            return Ok(());
        };
        let users = self.world.users(step.node);
        let session = &self.people[step.person].sessions[number];
        let Kind::Tokens {
            refresh, access, ..
        } = &session.kind
        else {
            return Ok(());
        };
        let newest = access.last().unwrap();
        // One that was taken back has no login to end.
        let ends = !by_access || newest.is_live;
        let token = if by_access {
            &newest.token
        } else {
            &refresh[0]
        };
        self.world.catch_up().await;
        done(users.logout_token(token).await, "a logout")?;
        if ends {
            self.people[step.person].sessions[number].is_live = false;
        }
        Ok(())
    }

    async fn log_out_all(&mut self, step: &Step, session: usize, keeps: bool) -> Checked {
        let Some(number) = self.pick(step.person, session) else {
            return Ok(());
        };
        if let Some(caller) = self.caller(step, number).await {
            let ended = self.world.users(step.node).logout_all(&caller, keeps).await;
            done(ended, "logout-all")?;
            let person = &mut self.people[step.person];
            person.end_all_but(keeps.then_some(number));
        }
        Ok(())
    }

    async fn change_password(&mut self, step: &Step, session: usize) -> Checked {
        let Some(number) = self.pick(step.person, session) else {
            return Ok(());
        };
        // A cookie's own request is needed; by token it is what is tried here.
        if let Kind::Cookie(_) = &self.people[step.person].sessions[number].kind {
            return Ok(());
        }
        let Some(caller) = self.caller(step, number).await else {
            return Ok(());
        };
        let new = new_password();
        let change = ChangePassword::new(self.people[step.person].password.as_str(), new.as_str());
        let users = self.world.users(step.node);
        let begun = done(users.change_password(&caller, change).await, "a change")?;
        let person = &mut self.people[step.person];
        person.end_all();
        person.password = new;
        self.keep(step.person, &begun);
        Ok(())
    }

    async fn reset_password(&mut self, step: &Step) -> Checked {
        let new = new_password();
        let person = &mut self.people[step.person];
        let users = self.world.users(step.node);
        done(users.request_password_reset(&person.email).await, "asking")?;
        if person.is_banned {
            return Ok(());
        }
        let link = self.world.link_to(&person.email, "reset_password").await;
        done(users.reset_password(&link, &new).await, "a reset")?;
        refused(users.reset_password(&link, &new).await, "a used link")?;
        person.password = new;
        person.end_all();
        self.world.mail.clear();
        Ok(())
    }

    async fn ban(&mut self, step: &Step) -> Checked {
        let person = &mut self.people[step.person];
        let application = self.world.users(step.node).as_application();
        match step.request {
            Request::Ban => {
                done(application.ban_user(&person.id).await, "a ban")?;
                // Nothing is done to somebody who is banned already, and there is nothing to be done.
                person.end_all();
                person.is_banned = true;
            }
            _ => {
                done(application.unban_user(&person.id).await, "an unban")?;
                person.is_banned = false;
            }
        }
        Ok(())
    }

    async fn set_role(&mut self, step: &Step, admin: bool) -> Checked {
        let person = &mut self.people[step.person];
        let application = self.world.users(step.node).as_application();
        let role = if admin { "admin" } else { "user" };
        let given = application.set_roles(&person.id, vec![role.to_owned()]);
        done(given.await, "roles")?;
        // Who has the role already keeps everything.
        if person.is_admin != admin {
            person.take_tokens_back();
        }
        person.is_admin = admin;
        Ok(())
    }

    async fn create_key(&mut self, step: &Step, session: usize) -> Checked {
        let Some(number) = self.pick(step.person, session) else {
            return Ok(());
        };
        if let Some(caller) = self.caller(step, number).await {
            let key = NewKey {
                name: "ci".to_owned(),
                ..NewKey::default()
            };
            let users = self.world.users(step.node);
            let key = done(users.create_key(&caller, key).await, "a key")?;
            self.people[step.person].keys.push(Key {
                id: key.info().id.to_string(),
                secret: key.expose().to_owned(),
                is_live: true,
            });
        }
        Ok(())
    }

    async fn revoke_key(&mut self, step: &Step, session: usize, key: usize) -> Checked {
        let count = self.people[step.person].keys.len();
        let Some(number) = self.pick(step.person, session).filter(|_| 0 < count) else {
            return Ok(());
        };
        if let Some(caller) = self.caller(step, number).await {
            let key = &mut self.people[step.person].keys[key % count];
            let users = self.world.users(step.node);
            let revoked = users.revoke_key(&caller, &key.id).await;
            match key.is_live {
                true => done(revoked, "revoking a key")?,
                false => refused(revoked, "revoking a key twice")?,
            }
            key.is_live = false;
        }
        Ok(())
    }

    /// Everything that anybody ever had, on both nodes.
    async fn try_all(&mut self) -> Checked {
        self.world.catch_up().await;
        for node in 0..2 {
            for person in 0..self.people.len() {
                self.checks += self.try_person(node, person).await?;
            }
        }
        Ok(())
    }

    async fn try_person(&self, node: usize, person: usize) -> Checked<usize> {
        let person = &self.people[person];
        let mut tried = Vec::new();
        for (number, session) in person.sessions.iter().enumerate() {
            let is_live = session.is_live && !person.is_banned;
            match &session.kind {
                Kind::Cookie(cookie) => tried.push(("cookie", cookie.clone(), is_live)),
                Kind::Tokens { access, .. } => tried.extend(access.iter().map(|access| {
                    let bearer = format!("Bearer {}", access.token);
                    ("authorization", bearer, is_live && access.is_live)
                })),
            }
            if !is_live {
                for token in session.refresh_tokens() {
                    let answer = self.world.users(node).refresh(token).await;
                    refused(answer, &format!("a refresh token of session {number}"))?;
                }
            }
        }
        for key in &person.keys {
            let is_live = key.is_live && !person.is_banned;
            tried.push(("x-api-key", key.secret.clone(), is_live));
        }
        for (name, value, is_live) in &tried {
            let accounts = &self.world.nodes[node].accounts;
            let entered = enter_by(accounts, name, value).await;
            let what = format!("{name} on node {node}");
            match is_live {
                true => drop(done(entered, &what)?),
                false => refused(entered, &what)?,
            }
        }
        Ok(tried.len())
    }
}
