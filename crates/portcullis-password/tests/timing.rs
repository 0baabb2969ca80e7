//! AC-H7: the time of an answer does not tell whether an account exists.
//!
//! Measured as a client would, through the pool, on a machine that may be busy: the cases are interleaved, so that they meet the
//! same noise, and their medians compared. A case whose median lies apart is measured again with more samples. Without the dummy
//! or the padding it lies apart by 40 % and more, which no repetition heals.

mod support;

use std::time::{Duration, Instant};

use portcullis_password::{
    Algorithm, DjangoPbkdf2, HashPool, PasswordHasher, Peppers, Verification,
};
use support::{argon2id, password};
use tokio::sync::Mutex;

const CURRENT: Algorithm = argon2id(8192, 2);
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const ROUNDS: usize = 15;
const SAMPLES: usize = 25;
const TOLERANCE: f64 = 0.05;

struct Case {
    name: &'static str,
    stored: Option<String>,
    samples: Vec<Duration>,
}

impl Case {
    fn new(name: &'static str, stored: impl Into<Option<String>>) -> Self {
        Self {
            name,
            stored: stored.into(),
            samples: Vec::new(),
        }
    }

    async fn sample(&mut self, pool: &HashPool) {
        let guess = password("not the password");
        let start = Instant::now();
        match &self.stored {
            None => pool.verify_dummy(guess).await.unwrap(),
            Some(stored) => {
                let verified = pool.verify(guess, stored.as_str()).await;
                assert!(!verified.is_ok_and(Verification::is_match));
            }
        }
        self.samples.push(start.elapsed());
    }

    fn median(&self) -> f64 {
        let mut sorted = self.samples.clone();
        sorted.sort_unstable();
        sorted[sorted.len() / 2].as_secs_f64()
    }
}

fn hashed_with(algorithm: Algorithm) -> String {
    let hasher = PasswordHasher::builder()
        .with_insecure_algorithm(algorithm)
        .build()
        .unwrap();
    hasher
        .hash(&password("the password"))
        .unwrap()
        .into_string()
}

/// Accounts that exist; a wrong password must take as long as for one that does not.
fn cases() -> Vec<Case> {
    let django = "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=";
    vec![
        Case::new("current parameters", hashed_with(CURRENT)),
        Case::new("weaker argon2id", hashed_with(argon2id(2048, 1))),
        Case::new("weaker bcrypt", hashed_with(Algorithm::Bcrypt { cost: 4 })),
        Case::new("imported from Django", django.to_owned()),
        Case::new("broken hash", "$argon2id$v=19$nonsense".to_owned()),
        Case::new(
            "hash beyond the bounds",
            "$2b$31$abcdefghijklmnopqrstuuMtJwfagkGaCKZ.IMpPJzYjhgL/xnp2C".to_owned(),
        ),
        Case::new(
            "missing pepper key",
            format!("{{pepper=gone}}{}", hashed_with(CURRENT)),
        ),
    ]
}

/// How far the case's median is from the unknown user's, as a share of that.
fn distance(unknown: &Case, case: &Case) -> f64 {
    (case.median() - unknown.median()).abs() / unknown.median()
}

async fn measure(pool: &HashPool, unknown: &mut Case, cases: &mut [Case], samples: usize) {
    unknown.samples.clear();
    cases.iter_mut().for_each(|case| case.samples.clear());
    for _ in 0..samples {
        unknown.sample(pool).await;
        for case in &mut *cases {
            case.sample(pool).await;
        }
    }
}

/// The measurements do not disturb one another.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn assert_alike(pool: &HashPool, mut cases: Vec<Case>) {
    let _alone = ALONE.lock().await;
    let mut unknown = Case::new("unknown user", None);
    pool.verify_dummy(password("warm")).await.unwrap();
    for round in 1..=ROUNDS {
        measure(pool, &mut unknown, &mut cases, SAMPLES * round.min(4)).await;
        cases.retain(|case| distance(&unknown, case) >= TOLERANCE);
        if cases.is_empty() {
            return;
        }
    }
    for case in &cases {
        eprintln!(
            "{}: {:?} against {:?}",
            case.name,
            case.median(),
            unknown.median()
        );
    }
    panic!(
        "{} cases take another time than an unknown user",
        cases.len()
    );
}

#[tokio::test]
async fn ac_h7_refused_logins_take_the_same_time_whatever_is_stored() {
    let hasher = PasswordHasher::builder()
        .with_insecure_algorithm(CURRENT)
        .importer(DjangoPbkdf2::new())
        .build()
        .unwrap();
    let pool = HashPool::builder(hasher)
        .threads(1)
        .normal_priority()
        .build()
        .unwrap();
    assert_alike(&pool, cases()).await;
}

/// A pepper is new, and the hashes are older than it; bcrypt cannot take the password, and is not there to be seen either.
#[tokio::test]
async fn ac_h7_with_a_pepper_and_bcrypt_as_well() {
    let hasher = PasswordHasher::builder()
        .with_insecure_algorithm(Algorithm::Bcrypt { cost: 8 })
        .peppers(Peppers::new("a", KEY).unwrap())
        .build()
        .unwrap();
    let current = hasher
        .hash(&password("the password"))
        .unwrap()
        .into_string();
    let pool = HashPool::builder(hasher)
        .threads(1)
        .normal_priority()
        .build()
        .unwrap();
    let cases = vec![
        Case::new("current parameters", current),
        Case::new(
            "no pepper yet, weaker",
            hashed_with(Algorithm::Bcrypt { cost: 4 }),
        ),
        Case::new("empty", String::new()),
    ];
    assert_alike(&pool, cases).await;
}
