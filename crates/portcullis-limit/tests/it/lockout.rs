//! The counting core of the lockout, without HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis_core::Client;
use portcullis_limit::{
    Checked, LockedBy, Lockout, LockoutStatus, MemoryLockouts, Reservation, Steps, Subject,
};
use portcullis_testkit::ManualClock;
use tokio::sync::Barrier;

const MINUTE: Duration = Duration::from_secs(60);

fn lockout(clock: &ManualClock) -> Lockout {
    Lockout::new(MemoryLockouts::new().with_clock(clock.shared()), "password")
}

fn subject(account: &str, address: &str) -> Subject {
    Subject::new(Client::Address(address.parse().unwrap())).account(account)
}

async fn open(lockout: &Lockout, subject: &Subject) -> Reservation {
    match lockout.check(subject).await.unwrap() {
        Checked::Open(attempt) => attempt,
        Checked::Locked(lock) => panic!("locked: {lock:?}"),
    }
}

async fn fail(lockout: &Lockout, subject: &Subject) -> Option<LockedBy> {
    let attempt = open(lockout, subject).await;
    lockout.fail(attempt)
}

async fn locked_by(lockout: &Lockout, subject: &Subject) -> Option<(LockedBy, Duration)> {
    match lockout.check(subject).await.unwrap() {
        Checked::Open(attempt) => {
            lockout.cancel(attempt).await.unwrap();
            None
        }
        Checked::Locked(lock) => Some((lock.by, lock.retry_after)),
    }
}

/// AC-L1, AC-L10: 5 failures lock for a minute, and each round twice as long, up to 15 minutes; each lock is told once.
#[tokio::test]
async fn each_round_locks_twice_as_long() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    let alice = subject("alice", "192.0.2.1");
    for minutes in [1, 2, 4, 8, 15, 15] {
        for left in (1..5).rev() {
            assert_eq!(fail(&lockout, &alice).await, None);
            assert_eq!(lockout.status(&alice).await.unwrap().remaining, left);
        }
        assert_eq!(
            fail(&lockout, &alice).await,
            Some(LockedBy::AccountAndAddress)
        );
        let lock = (LockedBy::AccountAndAddress, minutes * MINUTE);
        assert_eq!(locked_by(&lockout, &alice).await, Some(lock));
        let status = LockoutStatus {
            locked: true,
            remaining: 0,
            locked_for: Some(minutes * MINUTE),
        };
        assert_eq!(lockout.status(&alice).await.unwrap(), status);
        clock.advance(minutes * MINUTE - Duration::from_secs(1));
        assert!(locked_by(&lockout, &alice).await.is_some());
        clock.advance(Duration::from_secs(1));
    }
    clock.advance(Duration::from_secs(25 * 3600));
    for _ in 0..5 {
        fail(&lockout, &alice).await;
    }
    let lock = (LockedBy::AccountAndAddress, MINUTE);
    assert_eq!(
        locked_by(&lockout, &alice).await,
        Some(lock),
        "a day's quiet forgets the rounds"
    );
}

/// AC-L1: an account is locked for the address that guesses, not for its owner elsewhere, until a hundred have failed.
#[tokio::test]
async fn a_hundred_failures_lock_the_account_wherever_from() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    let from = |number: u32| subject("alice", &format!("192.0.2.{number}"));
    for number in 0..25 {
        for _ in 0..4 {
            assert_eq!(
                locked_by(&lockout, &from(200)).await,
                None,
                "the owner is not locked out"
            );
            fail(&lockout, &from(number)).await;
        }
    }
    let lock = Some((LockedBy::Account, Duration::MAX));
    assert_eq!(locked_by(&lockout, &from(200)).await, lock);
    clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(
        locked_by(&lockout, &from(200)).await,
        lock,
        "time does not unlock it"
    );

    let known = from(200).known_device(true);
    assert_eq!(
        locked_by(&lockout, &known).await,
        None,
        "a device of the owner's is exempt"
    );
    for number in 0..5 {
        assert_eq!(
            fail(&lockout, &known).await.is_some(),
            number == 4,
            "but not from its own count"
        );
    }

    lockout.unlock(&from(201)).await.unwrap();
    assert_eq!(locked_by(&lockout, &from(201)).await, None);
}

/// AC-L4: nothing is judged while it is locked, so the right password neither logs in nor resets.
#[tokio::test]
async fn a_lock_is_not_ended_by_trying() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    let alice = subject("alice", "192.0.2.1");
    for _ in 0..5 {
        fail(&lockout, &alice).await;
    }
    for _ in 0..100 {
        assert!(locked_by(&lockout, &alice).await.is_some());
    }
    clock.advance(MINUTE);
    assert_eq!(
        locked_by(&lockout, &alice).await,
        None,
        "nor is it made longer"
    );
}

/// AC-L5: 200 parallel guesses, limit 5: at most 5 are judged. v5.0.0-6.3.1.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_guesses_are_reserved_one_by_one() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    let (barrier, judged) = (Arc::new(Barrier::new(200)), Arc::new(AtomicUsize::new(0)));
    let guesses: Vec<_> = (0..200)
        .map(|_| {
            let (lockout, barrier, judged) =
                (lockout.clone(), Arc::clone(&barrier), Arc::clone(&judged));
            tokio::spawn(async move {
                barrier.wait().await;
                if let Checked::Open(attempt) =
                    lockout.check(&subject("alice", "192.0.2.1")).await.unwrap()
                {
                    judged.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    lockout.fail(attempt);
                }
            })
        })
        .collect();
    for guess in guesses {
        guess.await.unwrap();
    }
    assert_eq!(judged.load(Ordering::SeqCst), 5);
}

/// AC-L6: success forgets the account's failures, and only those.
#[tokio::test]
async fn success_clears_the_account_and_not_the_address() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock).address_steps(Steps::new(10));
    let (alice, mallory) = (
        subject("alice", "192.0.2.1"),
        subject("mallory", "192.0.2.1"),
    );
    for _ in 0..4 {
        fail(&lockout, &alice).await;
        fail(&lockout, &mallory).await;
    }
    let attempt = open(&lockout, &alice).await;
    lockout.succeed(attempt).await.unwrap();
    fail(&lockout, &alice).await;
    assert_eq!(
        lockout.status(&mallory).await.unwrap().remaining,
        1,
        "another's failures stay"
    );
    assert_eq!(
        fail(&lockout, &alice).await,
        Some(LockedBy::Address),
        "the tenth from this address"
    );
    let newcomer = subject("bob", "192.0.2.1");
    assert_eq!(
        locked_by(&lockout, &newcomer).await,
        Some((LockedBy::Address, MINUTE))
    );
    assert_eq!(
        locked_by(&lockout, &subject("bob", "192.0.2.2")).await,
        None
    );
}

/// AC-L3, AC-T4: whoever is typed is counted, in whatever spelling.
#[tokio::test]
async fn spellings_share_a_counter() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    for spelling in [
        "nobody@example.org",
        "NOBODY@example.org",
        " nobody@EXAMPLE.org",
        "nobody@example.org.",
        "ｎobody@example.org",
    ] {
        fail(&lockout, &subject(spelling, "192.0.2.1")).await;
    }
    assert!(
        lockout
            .status(&subject("nobody@example.org", "192.0.2.1"))
            .await
            .unwrap()
            .locked
    );
}

/// AC-L7: purposes have counters of their own, over one store.
#[tokio::test]
async fn purposes_are_kept_apart() {
    let store = MemoryLockouts::new();
    let (password, totp) = (
        Lockout::new(store.clone(), "password"),
        Lockout::new(store, "totp"),
    );
    let alice = subject("alice", "192.0.2.1");
    for _ in 0..5 {
        fail(&password, &alice).await;
    }
    assert!(password.status(&alice).await.unwrap().locked);
    assert_eq!(totp.status(&alice).await.unwrap().remaining, 5);
}

/// AC-L8: what a reset calls clears the lock of the account.
#[tokio::test]
async fn unlocking_clears_the_lock() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    let alice = subject("alice", "192.0.2.1");
    for _ in 0..5 {
        fail(&lockout, &alice).await;
    }
    lockout.unlock(&alice).await.unwrap();
    assert_eq!(lockout.status(&alice).await.unwrap().remaining, 5);
}

/// An IPv6 network counts as one address.
#[tokio::test]
async fn hopping_within_a_network_does_not_help() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    for host in 0..5 {
        fail(&lockout, &subject("alice", &format!("2001:db8::{host:x}"))).await;
    }
    assert!(
        locked_by(&lockout, &subject("alice", "2001:db8::ffff"))
            .await
            .is_some()
    );
}

/// Attempts that decide nothing are taken back, a lock that they have brought about included; and nothing else is.
#[tokio::test]
async fn cancelled_attempts_do_not_count() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    let alice = subject("alice", "192.0.2.1");
    for _ in 0..50 {
        let attempt = open(&lockout, &alice).await;
        lockout.cancel(attempt).await.unwrap();
    }
    for _ in 0..4 {
        fail(&lockout, &alice).await;
    }
    let fifth = open(&lockout, &alice).await;
    assert!(locked_by(&lockout, &alice).await.is_some());
    lockout.cancel(fifth).await.unwrap();
    assert_eq!(lockout.status(&alice).await.unwrap().remaining, 1);

    // One from before a success cannot take back a failure from after it.
    let before = open(&lockout, &subject("bob", "192.0.2.1")).await;
    clock.advance(Duration::from_secs(1));
    let bob = subject("bob", "192.0.2.1");
    let success = open(&lockout, &bob).await;
    lockout.succeed(success).await.unwrap();
    clock.advance(Duration::from_secs(1));
    fail(&lockout, &bob).await;
    lockout.cancel(before).await.unwrap();
    assert_eq!(lockout.status(&bob).await.unwrap().remaining, 4);
}

/// An attempt that is dropped has failed: hanging up does not help.
#[tokio::test]
async fn dropped_attempts_have_failed() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    let alice = subject("alice", "192.0.2.1");
    for _ in 0..5 {
        drop(open(&lockout, &alice).await);
    }
    assert!(locked_by(&lockout, &alice).await.is_some());
}

/// A flood of other accounts frees nobody who is locked, and a store full of locks is closed.
#[tokio::test]
async fn a_flood_frees_nobody() {
    let clock = ManualClock::new();
    let store = MemoryLockouts::new()
        .with_memory_bound(64 << 10)
        .with_clock(clock.shared());
    let lockout = Lockout::new(store.clone(), "password")
        .account_steps(None)
        .address_steps(None);
    let account = |number: usize| subject(&format!("user{number}"), "192.0.2.1");
    for locked in 0..100 {
        for _ in 0..5 {
            fail(&lockout, &account(locked)).await;
        }
    }
    for stranger in 0..20 * store.capacity() {
        let _ = lockout.check(&account(1000 + stranger)).await.unwrap();
    }
    for locked in 0..100 {
        assert!(
            lockout.status(&account(locked)).await.unwrap().locked,
            "{locked}"
        );
    }

    let once = Lockout::new(store.clone(), "code")
        .steps(Steps::new(1))
        .account_steps(None)
        .address_steps(None);
    for number in 0..20 * store.capacity() {
        let _ = once.check(&account(number)).await.unwrap();
    }
    let newcomer = once.check(&account(usize::MAX)).await.unwrap();
    assert!(matches!(newcomer, Checked::Locked(_)), "no place: closed");
    clock.advance(Duration::from_secs(25 * 3600));
    assert!(matches!(
        once.check(&account(usize::MAX)).await.unwrap(),
        Checked::Open(_)
    ));
}

#[tokio::test]
async fn a_success_knows_how_many_failures_went_before() {
    let clock = ManualClock::new();
    let lockout = lockout(&clock);
    let (here, there) = (
        subject("a@b.example", "192.0.2.1"),
        subject("a@b.example", "192.0.2.2"),
    );
    assert_eq!(open(&lockout, &here).await.failures_before(), 0);
    for _ in 0..4 {
        fail(&lockout, &there).await;
    }
    let attempt = open(&lockout, &here).await;
    assert_eq!(attempt.failures_before(), 5, "wherever they came from");
    lockout.cancel(attempt).await.unwrap();
    let from_known = here.clone().known_device(true);
    let attempt = open(&lockout, &from_known).await;
    assert_eq!(
        attempt.failures_before(),
        1,
        "a known device knows of its own address alone"
    );
    lockout.cancel(attempt).await.unwrap();
    let attempt = open(&lockout, &here).await;
    lockout.succeed(attempt).await.unwrap();
    assert_eq!(open(&lockout, &here).await.failures_before(), 0);
}

#[test]
fn nothing_personal_is_shown() {
    let shown = format!(
        "{:?} {:?}",
        subject("alice@example.org", "192.0.2.1"),
        lockout(&ManualClock::new())
    );
    assert!(
        !shown.contains("alice") && !shown.contains("192.0.2"),
        "{shown}"
    );
}
