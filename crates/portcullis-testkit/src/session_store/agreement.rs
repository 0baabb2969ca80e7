use std::time::Duration;

use portcullis_core::{Clock as _, Timestamp};
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::{
    AUTH_KEY, AuthMark, AuthRecord, IndexedSessionStore, Login, SessionLimits, SessionOwner,
};
use serde_json::json;
use time::OffsetDateTime;

use crate::ManualClock;
use crate::random::Random;

/// A session as a browser and the requests under way know it: what each store has called it, and what was last seen in it.
#[derive(Clone)]
struct Copy {
    left: Record,
    right: Record,
}

/// Asks two stores the same, drawn from this seed, and compares every answer. Old copies of sessions are kept and used again, as by
/// slow requests and by thieves. The left one is purged before each step, so that it has no rows that are past their end; the right
/// one now and then. Both must read their time from this clock.
///
/// # Panics
///
/// If they disagree; the message names the seed and the step.
pub async fn agreement(
    left: &dyn IndexedSessionStore,
    right: &dyn IndexedSessionStore,
    clock: &ManualClock,
    seed: u64,
    steps: usize,
) {
    let mut random = Random::from_seed(seed);
    let mut copies: Vec<Copy> = Vec::new();
    for step in 0..steps {
        let place = format!("seed {seed}, step {step}");
        clock.advance(Duration::from_secs(*random.pick(&[0, 0, 1, 30, 200, 700])));
        let now = clock.now();
        left.purge_expired().await.expect("answers");
        let chosen = random.index(copies.len().max(1));
        let owner = SessionOwner::new("users", *random.pick(&["alice", "bob"]));
        match (random.below(12), copies.get(chosen).cloned()) {
            (0 | 1, _) | (_, None) => {
                let begun = begin(&mut random, &owner, now);
                copies.extend(create(left, right, begun.clone(), begun, &place).await);
            }
            (2..5, Some(copy)) => {
                let (mut left_copy, mut right_copy) = (copy.left, copy.right);
                change(&mut random, &mut left_copy, &mut right_copy, now);
                left.save(&left_copy).await.expect("answers");
                right.save(&right_copy).await.expect("answers");
            }
            (5 | 6, Some(copy)) => {
                left.delete(&copy.left.id).await.expect("answers");
                right.delete(&copy.right.id).await.expect("answers");
                if random.below(4) > 0 {
                    let moved = create(left, right, copy.left, copy.right, &place).await;
                    copies.extend(moved);
                }
            }
            (7, Some(copy)) => {
                let moved = create(left, right, copy.left, copy.right, &place).await;
                copies.extend(moved);
            }
            (8, Some(copy)) => {
                let sid = AuthMark::of(&copy.left).into_login();
                let sid = sid.map_or_else(String::new, |login| login.sid().to_owned());
                let on_left = left.revoke(&owner, &sid).await.expect("answers");
                let on_right = right.revoke(&owner, &sid).await.expect("answers");
                assert_eq!(on_left, on_right, "{place}: whether there was one");
            }
            (9, Some(copy)) => {
                let sid = AuthMark::of(&copy.left).into_login();
                let except = sid.as_ref().map(AuthRecord::sid);
                let on_left = left.revoke_all(&owner, except).await.expect("answers");
                let on_right = right.revoke_all(&owner, except).await.expect("answers");
                assert_eq!(on_left, on_right, "{place}: how many there were");
            }
            (10, Some(_)) => {
                right.purge_expired().await.expect("answers");
            }
            (_, Some(_)) => {
                copies.swap_remove(chosen);
            }
        }
        compare(left, right, &mut copies, &place).await;
        if copies.len() > 24 {
            copies.swap_remove(0);
        }
    }
}

/// A session of a visitor or, more often, of a user.
fn begin(random: &mut Random, owner: &SessionOwner, now: Timestamp) -> Record {
    let lives = Duration::from_secs(*random.pick(&[60, 1800, 5400]));
    let mut record = Record {
        id: Id(1),
        data: std::collections::HashMap::new(),
        expiry_date: date(now.saturating_add(lives)),
    };
    if random.below(4) > 0 {
        let login = Login::new(owner.user());
        let limits = SessionLimits::new(Duration::from_secs(1500), Duration::from_secs(4000));
        let login = AuthRecord::begin(login, &limits, now).expect("there is randomness");
        AuthMark::write(Some(&login), &mut record);
    }
    record
}

/// What a request does to its copy of a session: new data, a later end, a use, a logout, nobody.
fn change(random: &mut Random, left: &mut Record, right: &mut Record, now: Timestamp) {
    let number = random.below(1000);
    let kind = random.below(6);
    let lives = Duration::from_secs(*random.pick(&[0, 60, 5400]));
    for record in [left, right] {
        record.data.insert(String::from("number"), json!(number));
        match (kind, AuthMark::of(record).into_login()) {
            (0, Some(_)) => drop(record.data.remove(AUTH_KEY)),
            (1, Some(login)) => {
                let (collection, user) = (login.collection(), login.user());
                let ended = json!({"collection": collection, "user": user, "sid": login.sid()});
                let ended = json!({ "ended": ended }).to_string();
                record.data.insert(AUTH_KEY.to_owned(), json!(ended));
            }
            (2, Some(login)) => {
                let mut used = serde_json::to_value(&login).expect("a login is JSON");
                used["seenAt"] = json!(now.unix_millis());
                let used: AuthRecord = serde_json::from_value(used).expect("and back");
                AuthMark::write(Some(&used), record);
            }
            (3, _) => record.expiry_date = date(now.saturating_add(lives)),
            _ => {}
        }
    }
}

async fn create(
    left: &dyn IndexedSessionStore,
    right: &dyn IndexedSessionStore,
    mut on_left: Record,
    mut on_right: Record,
    place: &str,
) -> Option<Copy> {
    let created = left.create(&mut on_left).await.is_ok();
    let also = right.create(&mut on_right).await.is_ok();
    assert_eq!(created, also, "{place}: a session is created by both");
    let copy = Copy {
        left: on_left,
        right: on_right,
    };
    created.then_some(copy)
}

/// All copies are looked up, under all ids that there ever were, and the lists of all users; some copies are brought up to date.
async fn compare(
    left: &dyn IndexedSessionStore,
    right: &dyn IndexedSessionStore,
    copies: &mut [Copy],
    place: &str,
) {
    for (number, copy) in copies.iter_mut().enumerate() {
        let on_left = left.load(&copy.left.id).await.expect("answers");
        let on_right = right.load(&copy.right.id).await.expect("answers");
        let seen = |record: &Record| (record.data.clone(), record.expiry_date);
        let (seen_left, seen_right) = (on_left.as_ref().map(seen), on_right.as_ref().map(seen));
        assert_eq!(seen_left, seen_right, "{place}: a session is the same");
        if let (true, Some(on_left), Some(on_right)) = (number % 3 == 0, on_left, on_right) {
            *copy = Copy {
                left: on_left,
                right: on_right,
            };
        }
    }
    for user in ["alice", "bob"] {
        let owner = SessionOwner::new("users", user);
        let on_left = left.list(&owner).await.expect("answers");
        let on_right = right.list(&owner).await.expect("answers");
        assert_eq!(on_left, on_right, "{place}: a list is the same");
    }
}

fn date(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(at.unix_millis())
}
