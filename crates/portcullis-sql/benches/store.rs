//! How many questions and changes a second a store answers: `cargo bench -p portcullis-sql`.
//!
//! On a SQLite file in the temporary directory, each change on the disk before it is answered, and on a private PostgreSQL, reached
//! through a socket, which does not wait for the disk.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portcullis_accounts::store::{
    Change, FamilyStore as _, KeyStore as _, Ledger as _, UserStore as _,
};
use portcullis_accounts::{
    AuditEvent, AuditKind, EmailAddress, Family, KeyRow, Outcome, RecordId, User,
};
use portcullis_core::{Clock as _, SystemClock, Timestamp};
use portcullis_key::{KeyDigest, KeyIndex};
use portcullis_sql::SqlStore;
use portcullis_testkit::postgres::Server;

const USERS: usize = 1000;
const SECONDS: Duration = Duration::from_secs(3);
const TASKS: [usize; 2] = [1, 32];

#[derive(Clone)]
struct Bench {
    store: SqlStore,
    users: Arc<Vec<User>>,
    families: Arc<Vec<Family>>,
    keys: Arc<Vec<KeyRow>>,
    next: Arc<AtomicU64>,
}

#[tokio::main]
async fn main() {
    let file = std::env::temp_dir().join(format!("portcullis-bench-{}", std::process::id()));
    std::fs::create_dir(&file).expect("a directory can be made");
    run("SQLite", &format!("sqlite://{}/app.db", file.display())).await;
    std::fs::remove_dir_all(&file).expect("it is ours");
    if let Some(server) = Server::shared() {
        run("PostgreSQL", &server.database()).await;
    }
}

async fn run(name: &str, url: &str) {
    let bench = Bench::fill(SqlStore::connect(url).await.expect("it is there")).await;
    for tasks in TASKS {
        println!("{name}, {tasks} at once");
        bench
            .measure("an API key with its owner", tasks, Bench::find_key)
            .await;
        bench.measure("a user by id", tasks, Bench::find_user).await;
        bench
            .measure("a login by id", tasks, Bench::find_family)
            .await;
        bench
            .measure("a refresh: rotation and audit", tasks, Bench::refresh)
            .await;
        bench
            .measure("a login: family and audit", tasks, Bench::log_in)
            .await;
    }
    bench.store.close().await;
}

impl Bench {
    async fn fill(store: SqlStore) -> Self {
        let users: Vec<_> = (0..USERS).map(user).collect();
        let families: Vec<_> = users.iter().map(family).collect();
        let keys: Vec<_> = users.iter().enumerate().map(key).collect();
        let users_in = users
            .iter()
            .map(|user| Change::InsertUser(Box::new(user.clone())));
        let families_in = families
            .iter()
            .map(|family| Change::InsertFamily(Box::new(family.clone())));
        let keys_in = keys.iter().map(|key| Change::InsertKey {
            key: Box::new(key.clone()),
            at_most: 9,
        });
        let all: Vec<_> = users_in.chain(families_in).chain(keys_in).collect();
        store.commit(&all).await.expect("it is empty");
        Self {
            store,
            users: Arc::new(users),
            families: Arc::new(families),
            keys: Arc::new(keys),
            next: Arc::default(),
        }
    }

    async fn measure<F>(&self, what: &str, tasks: usize, work: fn(Self, u64) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let began = Instant::now();
        let done = Arc::new(AtomicU64::new(0));
        let running = (0..tasks).map(|_| {
            let (bench, done) = (self.clone(), done.clone());
            tokio::spawn(async move {
                while began.elapsed() < SECONDS {
                    let number = bench.next.fetch_add(1, Ordering::Relaxed);
                    work(bench.clone(), number).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        for task in running.collect::<Vec<_>>() {
            task.await.expect("nothing panics");
        }
        let rate = done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
        println!("  {what:<32} {rate:>9.0} a second");
    }

    async fn find_key(self, number: u64) {
        let key = &self.keys[number as usize % USERS];
        let found = self.store.key(&KeyIndex::new(None, key.digest)).await;
        assert!(found.expect("it answers").is_some());
    }

    async fn find_user(self, number: u64) {
        let user = self.users[number as usize % USERS].reference();
        assert!(self.store.user(&user).await.expect("it answers").is_some());
    }

    async fn find_family(self, number: u64) {
        let id = self.families[number as usize % USERS].id;
        assert!(self.store.family(id).await.expect("it answers").is_some());
    }

    /// As the flow does it: reads the family and its user, and goes one generation on.
    async fn refresh(self, number: u64) {
        let known = &self.families[number as usize % USERS];
        let family = self.store.family(known.id).await.expect("it answers");
        let family = family.expect("it is live");
        let user = self.store.user(&family.owner).await.expect("it answers");
        let rotation = Change::RotateFamily {
            id: family.id,
            from: family.generation,
            at: now(),
            address: None,
            user_agent: None,
        };
        let audit = event(&user.expect("it is there"), AuditKind::RefreshRotated);
        // Another task may have been faster with this one.
        let _ = self.store.commit(&[rotation, audit]).await;
    }

    async fn log_in(self, number: u64) {
        let user = &self.users[number as usize % USERS];
        let family = Change::InsertFamily(Box::new(family(user)));
        let audit = event(user, AuditKind::LoginSucceeded);
        self.store
            .commit(&[family, audit])
            .await
            .expect("nothing is in the way");
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

fn id() -> RecordId {
    RecordId::new(now()).expect("there is randomness")
}

fn user(number: usize) -> User {
    let address = format!("user{number}@example.com");
    User {
        id: id(),
        collection: String::from("users"),
        email: EmailAddress::parse(&address).expect("an address"),
        password: None,
        roles: vec![String::from("user")],
        permissions: Vec::new(),
        verified: true,
        banned_at: None,
        profile: serde_json::Map::new(),
        language: None,
        stamp: String::from("stamp"),
        mfa_since: None,
        rights_changed_at: now(),
        created_at: now(),
        updated_at: now(),
    }
}

fn family(user: &User) -> Family {
    let month = Duration::from_secs(30 * 24 * 3600);
    Family {
        id: id(),
        owner: user.reference(),
        stamp: String::from("stamp"),
        generation: 0,
        rotated_at: now(),
        created_at: now(),
        authenticated_at: now(),
        ends_at: now().saturating_add(month),
        idle: month,
        amr: vec![String::from("pwd")],
        remember: false,
        address: None,
        user_agent: Some(String::from(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )),
    }
}

fn key((number, user): (usize, &User)) -> KeyRow {
    KeyRow {
        id: id(),
        owner: user.reference(),
        name: String::from("key"),
        key_id: None,
        digest: KeyDigest::of(&number.to_string()),
        start: String::from("sk"),
        scopes: None,
        created_at: now(),
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
    }
}

fn event(user: &User, kind: AuditKind) -> Change {
    Change::Audit(Box::new(AuditEvent {
        id: id(),
        at: now(),
        kind,
        outcome: Outcome::Success,
        reason: None,
        collection: user.collection.clone(),
        actor: Some(user.reference()),
        subject: Some(user.id),
        ip: Some(String::from("192.0.2.1")),
        user_agent: Some(String::from(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )),
        request_id: None,
        session_id: None,
        detail: None,
    }))
}
