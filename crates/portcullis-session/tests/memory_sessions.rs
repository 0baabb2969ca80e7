//! Our own store, beyond what the conformance suite asks of every store.

use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{Clock, Timestamp};
use portcullis_session::{
    AuthMark, AuthRecord, IndexedSessionStore, Login, MemorySessions, SessionLimits, SessionOwner,
};
use portcullis_testkit::{ManualClock, session_store};
use proptest::prelude::*;
use time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::{ExpiredDeletion, SessionStore};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn conforms() {
    session_store::conformance(|| async { MemorySessions::new() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn conforms_with_a_bound() {
    session_store::conformance(|| async { MemorySessions::new().with_max_sessions(40) }).await;
}

fn at(end: Timestamp) -> Record {
    Record {
        id: Id(0),
        data: Default::default(),
        expiry_date: OffsetDateTime::from_unix_timestamp_nanos(
            i128::from(end.unix_millis()) * 1_000_000,
        )
        .unwrap(),
    }
}

fn visitor(clock: &ManualClock, life: Duration) -> Record {
    at(clock.now().saturating_add(life))
}

fn user(clock: &ManualClock, name: &str) -> Record {
    let login = AuthRecord::begin(Login::new(name), &SessionLimits::BRIEF, clock.now()).unwrap();
    let mut record = visitor(clock, DAY * 100);
    AuthMark::write(Some(&login), &mut record);
    record
}

async fn create(store: &MemorySessions, mut record: Record) -> Record {
    store.create(&mut record).await.unwrap();
    record
}

fn world() -> (MemorySessions, ManualClock) {
    let clock = ManualClock::new();
    (MemorySessions::new().with_clock(clock.shared()), clock)
}

/// v5.0.0-7.3.1: to the second.
#[tokio::test]
async fn a_row_ends_at_its_end() {
    let (store, clock) = world();
    let record = create(&store, visitor(&clock, Duration::from_secs(60))).await;
    clock.advance(Duration::from_secs(59));
    assert!(store.load(&record.id).await.unwrap().is_some());
    clock.advance(Duration::from_secs(1));
    assert_eq!(store.load(&record.id).await.unwrap(), None);
}

#[tokio::test]
async fn new_sessions_sweep_out_ended_ones() {
    let (store, clock) = world();
    for _ in 0..1_000 {
        create(&store, visitor(&clock, Duration::from_secs(60))).await;
        create(&store, user(&clock, "alice")).await;
    }
    assert_eq!(store.len(), 2_000);
    clock.advance(DAY);
    for _ in 0..1_000 {
        create(&store, visitor(&clock, DAY)).await;
    }
    assert!(
        store.len() < 1_200,
        "each new session removed several: {}",
        store.len()
    );
    store.delete_expired().await.unwrap();
    assert_eq!(store.len(), 1_000, "and all can be removed at once");
    assert_eq!(
        store
            .revoke_all(&SessionOwner::new("users", "alice"), None)
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_full_store_lets_go_of_visitors_first() {
    let clock = ManualClock::new();
    let store = MemorySessions::new()
        .with_clock(clock.shared())
        .with_max_sessions(10);
    let mut users = Vec::new();
    for number in 0..5 {
        users.push(create(&store, user(&clock, &format!("u{number}"))).await);
    }
    for _ in 0..1_000 {
        create(&store, visitor(&clock, DAY * 50)).await;
        assert!(store.len() <= 10);
    }
    for record in &users {
        assert!(
            store.load(&record.id).await.unwrap().is_some(),
            "a flood of visitors logs nobody out"
        );
    }
    for number in 5..20 {
        clock.advance(Duration::from_secs(1));
        create(&store, user(&clock, &format!("u{number}"))).await;
    }
    assert_eq!(store.len(), 10);
    for (number, kept) in [(9, false), (10, true), (19, true)] {
        let owner = SessionOwner::new("users", format!("u{number}"));
        let list = store.list(&owner).await.unwrap();
        assert_eq!(
            list.len(),
            usize::from(kept),
            "those that end last are kept (u{number})"
        );
    }
}

#[tokio::test]
async fn a_bound_holds_for_every_size() {
    for most in [0, 1, 2, 63, 64, 65, 129, 1_000] {
        let store = MemorySessions::new().with_max_sessions(most);
        let clock = ManualClock::at(portcullis_core::SystemClock.now());
        for _ in 0..most * 2 + 5 {
            create(&store, visitor(&clock, DAY)).await;
        }
        assert!(
            store.len() <= most.max(1),
            "{} in a store for {most}",
            store.len()
        );
        assert!(!store.is_empty());
    }
}

/// A request that is slower than ten minutes cannot go on with a login whose id it has taken away.
#[tokio::test]
async fn a_login_is_not_between_two_ids_for_ever() {
    for (minutes, goes_on) in [(9, true), (10, false)] {
        let (store, clock) = world();
        let mut record = create(&store, user(&clock, "alice")).await;
        store.delete(&record.id).await.unwrap();
        clock.advance(Duration::from_secs(minutes * 60));
        assert_eq!(
            store.create(&mut record).await.is_ok(),
            goes_on,
            "after {minutes} minutes"
        );
    }
}

#[tokio::test]
async fn its_debug_form_shows_no_session() {
    let (store, clock) = world();
    let record = create(&store, user(&clock, "alice")).await;
    let shown = format!("{store:?} {:?}", store.clone());
    assert!(shown.contains("sessions: 1"));
    for secret in [
        record.id.to_string(),
        record.id.0.to_string(),
        "alice".to_owned(),
    ] {
        assert!(!shown.contains(&secret), "{shown}");
    }
}

/// What may be done with sessions, at random, against a plain model of the rules.
#[derive(Debug, Clone)]
enum Step {
    Login(u8),
    Move(usize),
    Logout(usize),
    Save(usize),
    SaveWithoutLogin(usize),
    Revoke(usize),
    RevokeAll(u8),
    Advance(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        3 => (0..3_u8).prop_map(Step::Login),
        2 => (0..20_usize).prop_map(Step::Move),
        1 => (0..20_usize).prop_map(Step::Logout),
        3 => (0..20_usize).prop_map(Step::Save),
        1 => (0..20_usize).prop_map(Step::SaveWithoutLogin),
        1 => (0..20_usize).prop_map(Step::Revoke),
        1 => (0..3_u8).prop_map(Step::RevokeAll),
        1 => (0..40_000_u16).prop_map(Step::Advance),
    ];
    prop::collection::vec(one, 1..60)
}

/// Every record that a request ever had in its hands, the newest copy of each id; and whether its login should be alive there.
struct Model {
    store: MemorySessions,
    clock: ManualClock,
    records: Vec<(Record, bool)>,
}

impl Model {
    fn login(&self, number: usize) -> Option<AuthRecord> {
        AuthMark::of(&self.records[number].0).into_login()
    }

    fn end(&mut self, ends: impl Fn(&AuthRecord) -> bool) {
        for (record, alive) in &mut self.records {
            if AuthMark::of(record)
                .into_login()
                .is_some_and(|login| ends(&login))
            {
                *alive = false;
            }
        }
    }

    async fn step(&mut self, step: Step) {
        let count = self.records.len();
        match step {
            Step::Login(user) => {
                let record = user_record(&self.clock, user);
                let record = create(&self.store, record).await;
                self.records.push((record, true));
            }
            Step::RevokeAll(user) => {
                let user = format!("u{user}");
                self.store
                    .revoke_all(&SessionOwner::new("users", user.as_str()), None)
                    .await
                    .unwrap();
                self.end(|login| login.user() == user);
            }
            Step::Advance(seconds) => self.clock.advance(Duration::from_secs(seconds.into())),
            Step::Move(_)
            | Step::Logout(_)
            | Step::Save(_)
            | Step::SaveWithoutLogin(_)
            | Step::Revoke(_)
                if count == 0 => {}
            Step::Move(number) => self.move_to_new_id(number % count).await,
            Step::Logout(number) => self.log_out(number % count).await,
            Step::Save(number) => self
                .store
                .save(&self.records[number % count].0)
                .await
                .unwrap(),
            Step::SaveWithoutLogin(number) => {
                let mut record = self.records[number % count].0.clone();
                AuthMark::write(None, &mut record);
                self.store.save(&record).await.unwrap();
                self.records[number % count].1 = false;
            }
            Step::Revoke(number) => {
                let login = self.login(number % count).unwrap();
                self.store
                    .revoke(&login.owner(), login.sid())
                    .await
                    .unwrap();
                self.end(|other| other.sid() == login.sid());
            }
        }
    }

    async fn move_to_new_id(&mut self, number: usize) {
        let mut record = self.records[number].0.clone();
        let now = self.clock.now();
        let alive = self.records[number].1 && self.login(number).unwrap().is_live(now);
        self.store.delete(&record.id).await.unwrap();
        self.records[number].1 = false;
        let moved = self.store.create(&mut record).await.is_ok();
        // A login past its end may or may not have been swept; it is not returned either way.
        assert!(moved || !alive, "a live login moves");
        if moved {
            self.records.push((record, alive));
        }
    }

    async fn log_out(&mut self, number: usize) {
        let (record, login) = (self.records[number].0.clone(), self.login(number).unwrap());
        let mut ended = record.clone();
        let mark = serde_json::json!({"ended": {
            "collection": login.collection(), "user": login.user(), "sid": login.sid()
        }});
        ended.data.insert(
            portcullis_session::AUTH_KEY.to_owned(),
            mark.to_string().into(),
        );
        self.store.save(&ended).await.unwrap();
        self.store.delete(&record.id).await.unwrap();
        self.end(|other| other.sid() == login.sid());
    }

    async fn check(&self) {
        let now = self.clock.now();
        for (record, alive) in &self.records {
            let found = self.store.load(&record.id).await.unwrap();
            let login = found
                .as_ref()
                .and_then(|found| AuthMark::of(found).into_login());
            let expected = AuthMark::of(record)
                .into_login()
                .filter(|login| *alive && login.is_live(now));
            assert_eq!(login, expected);
        }
        for user in 0..3 {
            let owner = SessionOwner::new("users", format!("u{user}"));
            let listed = self.store.list(&owner).await.unwrap().len();
            let alive = self.records.iter().filter(|(record, alive)| {
                let login = AuthMark::of(record).into_login().unwrap();
                *alive && login.owner() == owner && login.is_live(now)
            });
            assert_eq!(listed, alive.count(), "a user's list shows what is alive");
        }
    }
}

fn user_record(clock: &ManualClock, user: u8) -> Record {
    self::user(clock, &format!("u{user}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_only_live_logins_are_found(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (store, clock) = world();
            let mut model = Model { store, clock, records: Vec::new() };
            for step in steps {
                model.step(step).await;
                model.check().await;
            }
        });
    }
}

/// 100,000 ids without a repetition (v5.0.0-7.2.3), made by all threads at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ids_never_repeat() {
    let clock = ManualClock::at(portcullis_core::SystemClock.now());
    let store = MemorySessions::new();
    let barrier = Arc::new(tokio::sync::Barrier::new(4));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (store, clock, barrier) = (store.clone(), clock.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                for _ in 0..25_000 {
                    create(&store, visitor(&clock, DAY)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.len(), 100_000);
}
