//! AC-H7: how long a login takes tells nothing of the account.

mod common;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use portcullis_accounts::store::{Change, Ledger, UserStore};
use portcullis_accounts::{
    Collection, EmailAddress, LoggedIn, Login, RecordId, StoredPassword, User, UserRef,
};
use portcullis_core::{Clock, Denial};
use portcullis_password::{Algorithm, HashPool, PasswordHasher};

use crate::common::{Harness, PASSWORD, address, code, harness_on, harness_with};

const ADA: &str = "ada@example.com";

/// Accounts whose states differ in all that a login could tell them apart by. Each attempt is made by an address that was never seen.
struct Street {
    harness: Harness,
    pool: HashPool,
    next: AtomicU32,
    template: User,
}

impl Street {
    async fn with(hasher: PasswordHasher) -> Self {
        let pool = HashPool::new(hasher).unwrap();
        let harness = harness_with(Collection::new().require_verified(true), |builder| {
            builder.hash_pool(pool.clone())
        });
        // Registered where no proof is asked for: the street asks for it at login.
        let open = harness_on(
            harness.store.clone(),
            harness.clock.clone(),
            Collection::new(),
            |builder| builder.hash_pool(pool.clone()),
        );
        let session = open.register(ADA).await;
        let id = UserRef::new("users", session.user.id);
        let template = harness.store.user(&id).await.unwrap().unwrap();
        Self {
            harness,
            pool,
            next: AtomicU32::new(1),
            template,
        }
    }

    fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// A new account, with the same password.
    async fn moves_in(&self, change: impl FnOnce(&mut User)) -> String {
        let email = format!("user{}@example.com", self.number());
        let mut user = self.template.clone();
        user.id = RecordId::new(self.harness.clock.now()).unwrap();
        user.email = EmailAddress::parse(&email).unwrap();
        user.verified = true;
        change(&mut user);
        self.harness
            .store
            .commit(&[Change::InsertUser(Box::new(user))])
            .await
            .unwrap();
        email
    }

    async fn locked(&self, from: u32) -> String {
        let email = self.moves_in(|_| ()).await;
        let users = self.harness.users().from(address(from));
        for _ in 0..5 {
            users.count_failure(&email).await.unwrap();
        }
        email
    }

    async fn login(&self, from: u32, email: &str, password: &str) -> Result<LoggedIn, Denial> {
        let login = Login {
            email: email.to_owned(),
            password: password.to_owned().into(),
            ..Login::default()
        };
        self.harness.users().from(address(from)).login(login).await
    }

    /// How many hashes an attempt costs, and what it gets.
    async fn cost(&self, from: u32, email: &str, password: &str) -> (u64, String) {
        let before = self.completed().await;
        let answer = self.login(from, email, password).await;
        let answer = answer.map_or_else(|denial| code::<()>(Err(denial)), |_| "200".to_owned());
        (self.completed().await - before, answer)
    }

    /// How many hashes there were. The pool counts one a moment after it has answered.
    async fn completed(&self) -> u64 {
        loop {
            let stats = self.pool.stats();
            if stats.running == 0 && stats.queued == 0 {
                return stats.completed;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn ac_h7_every_exit_costs_one_hash() {
    let _alone = ALONE.lock().await;
    let street = Street::with(common::cheap_hasher()).await;
    let wrong = "401 invalid_credentials".to_owned();
    let banned = street
        .moves_in(|user| user.banned_at = Some(user.created_at))
        .await;
    let unproved = street.moves_in(|user| user.verified = false).await;
    let known = street.moves_in(|_| ()).await;
    let factored = street
        .moves_in(|user| user.mfa_since = Some(user.created_at))
        .await;
    let without = street.moves_in(|user| user.password = None).await;
    let broken = street
        .moves_in(|user| user.password = Some(StoredPassword::new("$argon2id$nonsense")))
        .await;
    let greedy = "$argon2id$v=19$m=4194304,t=9999,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let greedy = street
        .moves_in(|user| user.password = Some(StoredPassword::new(greedy)))
        .await;
    let long = "x".repeat(100_000);
    let cases: [(&str, &str, &str); 16] = [
        (&known, "wrong", &wrong),
        (&known, "", &wrong),
        (&known, &long, &wrong),
        ("nobody@example.com", PASSWORD, &wrong),
        ("nobody@example.com", &long, &wrong),
        ("not an address", PASSWORD, &wrong),
        ("", "", &wrong),
        (&without, PASSWORD, &wrong),
        (&without, "", &wrong),
        (&banned, "wrong", &wrong),
        (&unproved, "wrong", &wrong),
        (&banned, PASSWORD, "403 account_banned"),
        (&unproved, PASSWORD, "403 email_not_verified"),
        (&known, PASSWORD, "200"),
        (&factored, "wrong", &wrong),
        (&factored, PASSWORD, "200"),
    ];
    for (email, password, answer) in cases {
        let cost = street.cost(street.number(), email, password).await;
        assert_eq!(cost, (1, answer.to_owned()), "{email:?}");
    }
    for email in [&broken, &greedy] {
        assert_eq!(
            street.cost(street.number(), email, PASSWORD).await,
            (1, wrong.clone()),
            "a hash that cannot be verified"
        );
    }
    for password in [PASSWORD, "wrong", &long] {
        let from = street.number();
        let locked = street.locked(from).await;
        assert_eq!(
            street.cost(from, &locked, password).await,
            (1, wrong.clone()),
            "locked"
        );
        let users = street.harness.users().from(address(from));
        for _ in 0..5 {
            users.count_failure("stranger@example.com").await.unwrap();
        }
        assert_eq!(
            street.cost(from, "stranger@example.com", password).await,
            (1, wrong.clone()),
            "locked, and nobody"
        );
    }
}

#[tokio::test]
async fn ac_h5_an_old_hash_is_replaced_by_the_login_that_finds_it() {
    let _alone = ALONE.lock().await;
    let street = Street::with(common::cheap_hasher()).await;
    let bcrypt = PasswordHasher::builder()
        .with_insecure_algorithm(Algorithm::Bcrypt { cost: 4 })
        .build()
        .unwrap();
    let old = bcrypt
        .hash(&portcullis_password::Password::new(PASSWORD).unwrap())
        .unwrap()
        .into_string();
    let email = street
        .moves_in(|user| user.password = Some(StoredPassword::new(old.clone())))
        .await;
    let stored = async || {
        let user = street
            .harness
            .store
            .user_by_email("users", &email)
            .await
            .unwrap()
            .unwrap();
        user.password.unwrap().expose().to_owned()
    };
    assert_eq!(
        street.cost(street.number(), &email, "wrong").await,
        (1, "401 invalid_credentials".to_owned())
    );
    assert_eq!(
        street.cost(street.number(), &email, &"x".repeat(73)).await,
        (1, "401 invalid_credentials".to_owned()),
        "AC-H4"
    );
    assert_eq!(
        street.cost(street.number(), &email, "nul\0").await,
        (1, "401 invalid_credentials".to_owned())
    );
    assert_eq!(stored().await, old, "only the right password");
    assert_eq!(
        street.cost(street.number(), &email, PASSWORD).await,
        (2, "200".to_owned()),
        "verified, and made anew"
    );
    let new = stored().await;
    assert!(new.starts_with("$argon2id$"), "{new}");
    assert_eq!(
        street.cost(street.number(), &email, PASSWORD).await,
        (1, "200".to_owned())
    );
    assert_eq!(stored().await, new);
    assert!(
        street
            .harness
            .trail()
            .await
            .contains(&"password.rehashed".to_owned())
    );
    // The stamp stays: nobody is logged out by it.
    let user = street
        .harness
        .store
        .user_by_email("users", &email)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(user.stamp, street.template.stamp);
}

/// What is measured is the whole process's: its tests wait for each other.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The processor time of this process; where the system does not tell, the time of day.
fn spent(start: Instant) -> Duration {
    // A thread's time is added up when it makes room for others.
    std::thread::yield_now();
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return start.elapsed();
    };
    let of_thread = |entry: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
        let text = std::fs::read_to_string(entry.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    let nanos: u64 = threads.filter_map(of_thread).sum();
    match nanos {
        0 => start.elapsed(),
        nanos => Duration::from_nanos(nanos),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The attempts that must look alike, by name.
const ALIKE: [&str; 7] = [
    "wrong",
    "with a second factor",
    "unknown",
    "without a password",
    "banned",
    "locked",
    "not an address",
];

/// Everything that an attempt of this kind needs, so that nothing is left to be done when it is measured.
async fn prepared(street: &Street, kind: &str) -> (u32, String, &'static str) {
    let from = street.number();
    let (email, password) = match kind {
        "wrong" => (street.moves_in(|_| ()).await, "a wrong password"),
        "with a second factor" => (
            street
                .moves_in(|user| user.mfa_since = Some(user.created_at))
                .await,
            "a wrong password",
        ),
        "without a password" => (street.moves_in(|user| user.password = None).await, PASSWORD),
        "banned" => (
            street
                .moves_in(|user| user.banned_at = Some(user.created_at))
                .await,
            "a wrong password",
        ),
        "locked" => (street.locked(from).await, PASSWORD),
        "not an address" => (format!("nobody {from}"), PASSWORD),
        _ => (format!("nobody{from}@example.com"), PASSWORD),
    };
    (from, email, password)
}

/// What each kind of attempt takes, against what all of them take, in as many turns. In a turn each kind has its go, so that what
/// disturbs one disturbs all.
async fn measure(street: &Street, turns: usize, shares: &mut [Vec<f64>]) {
    for turn in 0..turns {
        let mut attempts = Vec::new();
        for kind in ALIKE {
            attempts.push(prepared(street, kind).await);
        }
        let mut taken = [0.0; ALIKE.len()];
        for offset in 0..ALIKE.len() {
            let kind = (turn + offset) % ALIKE.len();
            let (from, email, password) = &attempts[kind];
            let start = Instant::now();
            let before = spent(start);
            let answer = street.login(*from, email, password).await;
            taken[kind] = spent(start).saturating_sub(before).as_secs_f64();
            assert_eq!(code(answer), "401 invalid_credentials");
        }
        let mean = taken.iter().sum::<f64>() / taken.len() as f64;
        for (shares, time) in shares.iter_mut().zip(taken) {
            shares.push(time / mean);
        }
    }
}

/// Statistics err: a difference must be there still when all rounds are taken together.
#[tokio::test]
async fn ac_h7_the_medians_of_all_refusals_differ_by_less_than_5_percent() {
    let _alone = ALONE.lock().await;
    const ROUNDS: usize = 12;
    // A quarter of the usual cost, so that what differs beside the hash shows four times as much.
    let cost = Algorithm::Argon2id {
        memory_kib: 9_728,
        passes: 1,
        lanes: 1,
    };
    let hasher = PasswordHasher::builder()
        .with_insecure_algorithm(cost)
        .build()
        .unwrap();
    let street = Street::with(hasher).await;
    let mut shares = vec![Vec::new(); ALIKE.len()];
    measure(&street, 5, &mut shares.clone()).await;
    let mut seen = Vec::new();
    for _ in 0..ROUNDS {
        measure(&street, 41, &mut shares).await;
        let medians: Vec<f64> = shares.iter().cloned().map(median).collect();
        let least = medians.iter().copied().fold(f64::MAX, f64::min);
        let most = medians.iter().copied().fold(0.0, f64::max);
        if most - least < 0.05 * least {
            return;
        }
        seen.push(medians);
    }
    panic!("one of {ALIKE:?} stands out: {seen:?}");
}
