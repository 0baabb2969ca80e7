use std::sync::Arc;
use std::time::Duration;

use portcullis::accounts::store::{AccountStore, UserStore as _};
use portcullis::accounts::{AccountsBuilder, CapturedMail, Limits, User, UserQuery, Users};
use portcullis::password::{Algorithm, HashPool, PasswordHasher};
use portcullis::{Accounts, Client, Collection, Origin, Quota, SqlStore};
use portcullis_testkit::ManualClock;
use tokio::sync::Barrier;

use super::{Place, SECRET};

/// One process of an application: accounts over a store with connections of its own.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) accounts: Accounts,
    pub(crate) store: SqlStore,
}

/// Two nodes on one database, at one time.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) nodes: [Node; 2],
    pub(crate) clock: ManualClock,
    pub(crate) mail: CapturedMail,
}

impl World {
    pub(crate) async fn on(place: Place) -> Self {
        Self::with(place, Collection::new(), |builder| builder).await
    }

    pub(crate) async fn with(
        place: Place,
        settings: Collection,
        more: impl Fn(AccountsBuilder) -> AccountsBuilder,
    ) -> Self {
        let clock = ManualClock::new();
        let mail = CapturedMail::new().with_clock(clock.shared());
        Self::at(place, (clock, mail), settings, more).await
    }

    /// The same database and time, with nodes of other settings.
    pub(crate) async fn under(self, settings: Collection) -> Self {
        let at = (self.clock, self.mail);
        drop(self.nodes);
        Self::at(self.place, at, settings, |builder| builder).await
    }

    async fn at(
        place: Place,
        (clock, mail): (ManualClock, CapturedMail),
        settings: Collection,
        more: impl Fn(AccountsBuilder) -> AccountsBuilder,
    ) -> Self {
        let mut nodes = Vec::new();
        for _ in 0..2 {
            let store = patient_store(&place, &clock).await;
            let builder = builder(store.clone(), &mail, &clock, settings.clone());
            let accounts = more(builder).build().unwrap();
            nodes.push(Node { accounts, store });
        }
        Self {
            place,
            nodes: nodes.try_into().unwrap(),
            clock,
            mail,
        }
    }

    /// A node that has just been started beside the others.
    pub(crate) async fn another_node(&self) -> Node {
        let store = patient_store(&self.place, &self.clock).await;
        let settings = Collection::new();
        let builder = builder(store.clone(), &self.mail, &self.clock, settings);
        let accounts = builder.build().unwrap();
        Node { accounts, store }
    }

    /// The node whose turn it is, and somebody at an address of its own who calls it.
    pub(crate) fn users(&self, number: usize) -> Users {
        let node = &self.nodes[number % 2];
        node.accounts.users().from(scattered(number))
    }

    /// Both nodes hear what the other has taken back.
    pub(crate) async fn catch_up(&self) {
        for node in &self.nodes {
            node.accounts.catch_up().await.unwrap();
        }
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// All accounts, as the database has them.
    pub(crate) async fn rows(&self) -> Vec<User> {
        let query = UserQuery {
            collection: "users".to_owned(),
            contains: None,
            after: None,
            limit: 10_000,
        };
        self.nodes[0].store.users(&query).await.unwrap()
    }

    /// The tokens of the links that were mailed to an address, the newest last, after sending what is due.
    pub(crate) async fn links_to(&self, address: &str, kind: &str) -> Vec<String> {
        self.nodes[0].accounts.deliver_mail().await.unwrap();
        let mails = self.mail.all();
        let mails = mails.iter();
        mails
            .filter(|mail| mail.to == address && mail.kind == kind)
            .filter_map(|mail| super::token_in(&mail.text))
            .collect()
    }

    pub(crate) async fn link_to(&self, address: &str, kind: &str) -> String {
        let links = self.links_to(address, kind).await;
        links.last().expect("a link was mailed").clone()
    }
}

/// One that waits for long: a hundred requests at once take their time where the machine is busy and its disk slow.
pub(crate) async fn patient_store(place: &Place, clock: &ManualClock) -> SqlStore {
    let long = Duration::from_secs(60);
    let builder = SqlStore::builder(&place.url).connect_timeout(long);
    let builder = builder.acquire_timeout(long);
    let builder = builder.busy_timeout(long).statement_timeout(long);
    builder.clock(clock.shared()).connect().await.unwrap()
}

pub(crate) fn builder(
    store: impl AccountStore,
    mail: &CapturedMail,
    clock: &ManualClock,
    settings: Collection,
) -> AccountsBuilder {
    Accounts::builder(store, mail.clone(), "https://app.example")
        .collection("users", settings)
        .jwt_secret(SECRET)
        .hash_pool(cheap_pool())
        .limits(boundless())
        .clock(clock.shared())
        .without_background()
}

/// Hashes that cost next to nothing.
pub(crate) fn cheap_pool() -> HashPool {
    let algorithm = Algorithm::Argon2id {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    let hasher = PasswordHasher::builder().with_insecure_algorithm(algorithm);
    HashPool::new(hasher.build().unwrap()).unwrap()
}

/// Limits that are not what is tested here.
pub(crate) fn boundless() -> Limits {
    let many = |name| Quota::per_second(1_000_000).named(name);
    Limits {
        login: many("login"),
        second_factor: many("second_factor"),
        register: many("register"),
        refresh: many("refresh"),
        request_link: many("request_link"),
        request_link_for: many("request_link_for"),
        mail_to: many("mail_to"),
        take_link: many("take_link"),
        prove: many("prove"),
        change_password: many("change_password"),
        oauth_start: many("oauth_start"),
        oauth_callback: many("oauth_callback"),
        oauth_exchange: many("oauth_exchange"),
        manage: many("manage"),
    }
}

/// A caller at this address.
pub(crate) fn at(address: &str) -> Origin {
    Origin::new(Client::Address(address.parse().unwrap()))
}

/// The caller with this number, at an address of its own.
pub(crate) fn scattered(number: usize) -> Origin {
    let [.., a, b] = number.to_be_bytes();
    at(&format!("10.{a}.{b}.1"))
}

/// Runs a future a number of times at once, all beginning together, on as many tasks.
pub(crate) async fn at_once<T, F>(times: usize, run: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(times));
    let begin = |number| {
        let (barrier, task) = (Arc::clone(&barrier), run(number));
        tokio::spawn(async move {
            barrier.wait().await;
            task.await
        })
    };
    let tasks: Vec<_> = (0..times).map(begin).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
