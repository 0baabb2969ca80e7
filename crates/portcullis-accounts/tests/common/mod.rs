//! What the tests of the flows share: accounts in memory, on a clock that stands still, with captured mail and cheap hashes.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use portcullis_accounts::store::AccountStore;
use portcullis_accounts::{
    Accounts, AccountsBuilder, AuditEvent, AuditQuery, CapturedMail, Collection, Credentials,
    LoggedIn, Login, MemoryStore, Mode, Origin, Register, Registered, SentMail, Session, Tokens,
    Users,
};
use portcullis_core::{AuthUser, Client, Denial};
use portcullis_password::{Algorithm, HashPool, PasswordHasher};
use portcullis_testkit::ManualClock;
use tower::{Layer, ServiceExt, service_fn};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef!";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Accounts, and what is needed to look at them.
pub(crate) struct Harness<S = MemoryStore> {
    pub(crate) accounts: Accounts,
    pub(crate) store: S,
    pub(crate) clock: ManualClock,
    pub(crate) mail: CapturedMail,
}

/// Accounts in memory with one collection, `users`.
pub(crate) fn harness(settings: Collection) -> Harness {
    harness_with(settings, |builder| builder)
}

/// The same, with further settings.
pub(crate) fn harness_with(
    settings: Collection,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Harness {
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    harness_on(store, clock, settings, more)
}

/// Accounts in a store.
pub(crate) fn harness_on<S: AccountStore + Clone>(
    store: S,
    clock: ManualClock,
    settings: Collection,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Harness<S> {
    let mail = CapturedMail::new().with_clock(clock.shared());
    let builder = Accounts::builder(store.clone(), mail.clone(), "https://app.example")
        .collection("users", settings)
        .jwt_secret(SECRET)
        .hash_pool(HashPool::new(cheap_hasher()).unwrap())
        .clock(clock.shared())
        .without_background();
    Harness {
        accounts: more(builder).build().unwrap(),
        store,
        clock,
        mail,
    }
}

/// Hashes that cost next to nothing.
pub(crate) fn cheap_hasher() -> PasswordHasher {
    PasswordHasher::builder()
        .with_insecure_algorithm(Algorithm::Argon2id {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        })
        .build()
        .unwrap()
}

/// A caller at this address.
pub(crate) fn at(address: &str) -> Origin {
    Origin::new(Client::Address(address.parse().unwrap()))
}

/// The caller with this number, at an address of its own.
pub(crate) fn address(number: u32) -> Origin {
    let [_, a, b, c] = number.to_be_bytes();
    at(&format!("10.{a}.{b}.{c}"))
}

impl<S: AccountStore> Harness<S> {
    /// The users of the collection `users`, called from nowhere in particular.
    pub(crate) fn users(&self) -> Users {
        self.accounts.users()
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Registers somebody and gives the session they get, where the collection gives one.
    pub(crate) async fn register(&self, email: &str) -> Session {
        match self.users().register(Register::new(email, PASSWORD)).await {
            Ok(Registered::LoggedIn(session)) => session,
            other => panic!("no session: {other:?}"),
        }
    }

    /// Registers somebody, who proves the address at once.
    pub(crate) async fn register_proved(&self, email: &str) -> Session {
        let session = self.register(email).await;
        let token = self.link_to(email).await;
        self.users().verify_email(&token, None).await.unwrap();
        session
    }

    /// Logs somebody in by password, for tokens.
    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<Session, Denial> {
        let login = Login {
            email: email.to_owned(),
            password: password.to_owned().into(),
            mode: Some(Mode::Token),
            ..Login::default()
        };
        match self.users().login(login).await? {
            LoggedIn::Done(session) => Ok(session),
            other => panic!("not done: {other:?}"),
        }
    }

    /// Who calls with this access token, as a guard sees them.
    pub(crate) async fn caller(&self, tokens: &Tokens) -> Result<AuthUser, Denial> {
        let bearer = format!("Bearer {}", tokens.access());
        self.caller_by("authorization", &bearer).await
    }

    /// Who calls with this header.
    pub(crate) async fn caller_by(&self, name: &str, value: &str) -> Result<AuthUser, Denial> {
        let seen = Arc::new(Mutex::new(None));
        let service = self.accounts.authn().layer(service_fn({
            let seen = Arc::clone(&seen);
            move |request: Request<()>| {
                let user = AuthUser::of(request.extensions()).map(Option::<&AuthUser>::cloned);
                *seen.lock().unwrap() = user.unwrap();
                async { Ok::<_, Infallible>(Response::new(String::new())) }
            }
        }));
        let request = Request::builder().header(name, value).body(()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        if let Some(denial) = response.extensions().get::<Denial>() {
            return Err(denial.clone());
        }
        let user = seen.lock().unwrap().take();
        user.ok_or_else(Denial::unauthenticated)
    }

    /// Sends the mail that is due, and gives all that was ever sent.
    pub(crate) async fn sent(&self) -> Vec<SentMail> {
        self.accounts.deliver_mail().await.unwrap();
        self.mail.all()
    }

    /// The newest mail to an address, after sending what is due.
    pub(crate) async fn mail_to(&self, address: &str) -> Option<SentMail> {
        self.accounts.deliver_mail().await.unwrap();
        self.mail.last_to(address)
    }

    /// The token of the link in the newest mail to an address.
    pub(crate) async fn link_to(&self, address: &str) -> String {
        let mail = self.mail_to(address).await.expect("no mail");
        token_in(&mail).expect("no link in the mail")
    }

    /// The audit trail of `users`, the newest first.
    pub(crate) async fn audit(&self) -> Vec<AuditEvent> {
        let query = AuditQuery {
            collection: "users".to_owned(),
            limit: 1_000,
            ..AuditQuery::default()
        };
        self.store.events(&query).await.unwrap()
    }

    /// The names of what is in the audit trail, the newest first, with reasons: `login.failed wrong_password`.
    pub(crate) async fn trail(&self) -> Vec<String> {
        let named = |event: AuditEvent| match event.reason {
            Some(reason) => format!("{} {reason}", event.kind.as_str()),
            None => event.kind.as_str().to_owned(),
        };
        self.audit().await.into_iter().map(named).collect()
    }
}

/// The tokens of a session.
pub(crate) fn tokens(session: &Session) -> &Tokens {
    match &session.credentials {
        Credentials::Tokens(tokens) => tokens,
        Credentials::Cookie(_) => panic!("a cookie, no tokens"),
    }
}

/// The token in a mail's link.
pub(crate) fn token_in(mail: &SentMail) -> Option<String> {
    let (_, rest) = mail.text.split_once("#token=")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Denial>) -> String {
    match result {
        Ok(done) => panic!("not refused: {done:?}"),
        Err(denial) => format!("{} {}", denial.status().as_u16(), denial.code()),
    }
}

/// Runs a future a number of times at once, all beginning together, on as many tasks.
pub(crate) async fn at_once<T, F>(times: usize, run: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(tokio::sync::Barrier::new(times));
    let mut tasks = Vec::new();
    for number in 0..times {
        let (barrier, task) = (Arc::clone(&barrier), run(number));
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            task.await
        }));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
