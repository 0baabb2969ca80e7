//! The outbox: nothing is lost, nothing waits for a slow mailer, nothing goes on for ever.

mod common;
#[path = "common/watched.rs"]
mod watched;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::{PASSWORD, SECRET, at_once, cheap_hasher};
use portcullis_accounts::{
    Accounts, AccountsBuilder, BuiltInTexts, Collection, Letter, Mail, MailError, MailTexts,
    Mailer, MemoryStore, Register,
};
use portcullis_password::HashPool;
use portcullis_testkit::ManualClock;
use tokio::sync::Notify;
use watched::Watched;

/// A mailer that does what it is told, by address.
#[derive(Debug, Clone, Default)]
struct Moody {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    moods: HashMap<String, Mood>,
    mood: Mood,
    tried: Vec<String>,
    sent: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Mood {
    #[default]
    Sends,
    FailsForNow,
    Refuses,
    Stalls,
    Panics,
}

impl Moody {
    fn be(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    fn be_to(&self, address: &str, mood: Mood) {
        let mut state = self.state.lock().unwrap();
        state.moods.insert(address.to_owned(), mood);
    }

    fn tried(&self) -> usize {
        self.state.lock().unwrap().tried.len()
    }

    fn sent(&self) -> Vec<String> {
        self.state.lock().unwrap().sent.clone()
    }

    async fn wait_until_sent(&self, mails: usize) {
        loop {
            let changed = self.changed.notified();
            if self.sent().len() >= mails {
                return;
            }
            changed.await;
        }
    }
}

#[async_trait]
impl Mailer for Moody {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let mood = {
            let mut state = self.state.lock().unwrap();
            state.tried.push(mail.to.clone());
            state.moods.get(&mail.to).copied().unwrap_or(state.mood)
        };
        match mood {
            Mood::Sends => {
                self.state.lock().unwrap().sent.push(mail.to.clone());
                self.changed.notify_waiters();
                Ok(())
            }
            Mood::FailsForNow => Err(MailError::later(format!("421 no time for <{}>", mail.to))),
            Mood::Refuses => Err(MailError::never(format!("550 no such user <{}>", mail.to))),
            Mood::Stalls => std::future::pending().await,
            Mood::Panics => panic!("as the test wants it"),
        }
    }
}

struct Outbox {
    accounts: Accounts,
    store: Watched,
    clock: ManualClock,
    mailer: Moody,
}

fn builder(store: &Watched, clock: &ManualClock, mailer: &Moody) -> AccountsBuilder {
    Accounts::builder(store.clone(), mailer.clone(), "https://app.example")
        .collection("users", Collection::new())
        .jwt_secret(SECRET)
        .hash_pool(HashPool::new(cheap_hasher()).unwrap())
        .clock(clock.shared())
        .with_insecure_no_limits()
        .without_background()
}

fn outbox() -> Outbox {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let mailer = Moody::default();
    Outbox {
        accounts: builder(&store, &clock, &mailer).build().unwrap(),
        store,
        clock,
        mailer,
    }
}

impl Outbox {
    /// Queues one mail to each of so many users.
    async fn queue(&self, mails: usize) {
        for number in 0..mails {
            let register = Register::new(format!("user{number}@example.com"), PASSWORD);
            self.accounts.users().register(register).await.unwrap();
        }
    }

    async fn deliver(&self) -> u64 {
        self.accounts.deliver_mail().await.unwrap()
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn what_is_queued_is_sent_once() {
    let at = outbox();
    at.queue(30).await;
    assert_eq!(at.deliver().await, 30);
    assert_eq!(at.deliver().await, 0);
    let mut sent = at.mailer.sent();
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 30);
}

/// What fails is tried again after 10 s, 20 s, 40 s …
#[tokio::test]
async fn what_fails_is_tried_again_with_growing_pauses() {
    let at = outbox();
    at.queue(1).await;
    at.mailer.be(Mood::FailsForNow);
    assert_eq!(at.deliver().await, 0);
    for (tries, pause) in [(1, 10), (2, 20)] {
        at.wait(pause - 1);
        at.deliver().await;
        assert_eq!(at.mailer.tried(), tries, "not yet");
        at.wait(1);
        at.deliver().await;
        assert_eq!(at.mailer.tried(), tries + 1);
    }
    at.mailer.be(Mood::Sends);
    at.wait(40);
    assert_eq!(at.deliver().await, 1);
}

/// Nothing is tried for ever: a mail that is good for nothing any more goes. Until then the pauses are an hour at most.
#[tokio::test]
async fn what_is_good_for_nothing_any_more_is_given_up() {
    let at = outbox();
    at.queue(1).await;
    at.mailer.be(Mood::FailsForNow);
    for _ in 0..(24 * 60) {
        at.deliver().await;
        at.wait(60);
    }
    let tried = at.mailer.tried();
    assert!((24..40).contains(&tried), "{tried}");
    at.mailer.be(Mood::Sends);
    assert_eq!(at.deliver().await, 0);
    at.wait(7 * 24 * 3600);
    assert_eq!(at.deliver().await, 0);
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    let at = outbox();
    at.queue(2).await;
    at.mailer.be_to("user0@example.com", Mood::Refuses);
    assert_eq!(at.deliver().await, 1);
    at.wait(3600);
    assert_eq!(at.deliver().await, 0);
    assert_eq!(at.mailer.tried(), 2);
}

/// Seven that never end keep nobody else waiting, and a mail that is queued meanwhile goes out as well.
#[tokio::test]
async fn a_stalled_mail_keeps_no_other_waiting() {
    let at = outbox();
    for number in 0..7 {
        at.mailer
            .be_to(&format!("user{number}@example.com"), Mood::Stalls);
    }
    at.queue(40).await;
    let accounts = at.accounts.clone();
    let delivering = tokio::spawn(async move { accounts.deliver_mail().await });
    at.mailer.wait_until_sent(33).await;
    let register = Register::new("late@example.com", PASSWORD);
    at.accounts.users().register(register).await.unwrap();
    at.mailer.wait_until_sent(34).await;
    assert!(!delivering.is_finished());
    delivering.abort();
}

/// A mailer has a minute; then it has failed, and the mail is tried again.
#[tokio::test(start_paused = true)]
async fn a_mailer_that_takes_too_long_has_failed() {
    let at = outbox();
    at.queue(1).await;
    at.mailer.be(Mood::Stalls);
    let start = tokio::time::Instant::now();
    assert_eq!(at.deliver().await, 0);
    assert_eq!(start.elapsed().as_secs(), 60);
    at.mailer.be(Mood::Sends);
    at.wait(10);
    assert_eq!(at.deliver().await, 1);
}

/// While the mailer is down, mail stays where it is: three are tried, and after each pause one.
#[tokio::test]
async fn a_mailer_that_is_down_is_left_alone() {
    let at = outbox();
    at.mailer.be(Mood::FailsForNow);
    at.queue(200).await;
    at.deliver().await;
    let tried = at.mailer.tried();
    assert!((3..=8).contains(&tried), "{tried} at the same time");
    at.deliver().await;
    at.wait(9);
    at.deliver().await;
    assert_eq!(at.mailer.tried(), tried);
    at.wait(1);
    at.deliver().await;
    assert_eq!(at.mailer.tried(), tried + 1, "one, to see");
    at.mailer.be(Mood::Sends);
    at.wait(19);
    assert_eq!(at.deliver().await, 0, "the pause has doubled");
    at.wait(40);
    assert_eq!(at.deliver().await, 200);
}

/// One mail that cannot be sent does not make the mailer look as if it were down.
#[tokio::test]
async fn one_bad_mail_delays_no_other() {
    let at = outbox();
    at.queue(1).await;
    at.mailer.be_to("user0@example.com", Mood::FailsForNow);
    for _ in 0..8 {
        at.deliver().await;
        at.wait(3600);
    }
    at.deliver().await;
    let register = Register::new("late@example.com", PASSWORD);
    at.accounts.users().register(register).await.unwrap();
    assert_eq!(at.deliver().await, 1);
}

/// A node that dies between sending and saying so: the mail is sent again when its lease is over, not before, and not never.
#[tokio::test]
async fn a_crash_between_sending_and_settling_loses_nothing() {
    let at = outbox();
    at.queue(1).await;
    at.store.lose_settlements(true);
    assert!(at.accounts.deliver_mail().await.is_err());
    assert_eq!(at.mailer.sent().len(), 1);
    at.store.lose_settlements(false);
    let other = builder(&at.store, &at.clock, &at.mailer).build().unwrap();
    assert_eq!(other.deliver_mail().await.unwrap(), 0, "leased");
    at.wait(119);
    assert_eq!(other.deliver_mail().await.unwrap(), 0);
    at.wait(1);
    assert_eq!(other.deliver_mail().await.unwrap(), 1, "at least once");
    assert_eq!(other.deliver_mail().await.unwrap(), 0);
}

/// A mailer that panics takes nothing with it.
#[tokio::test]
async fn a_panicking_mailer_harms_no_other_mail() {
    let at = outbox();
    at.queue(5).await;
    at.mailer.be_to("user2@example.com", Mood::Panics);
    assert_eq!(at.deliver().await, 4);
    at.mailer.be_to("user2@example.com", Mood::Sends);
    at.wait(120);
    assert_eq!(at.deliver().await, 1);
}

/// Neither a mailer that fails nor one that never ends is noticed by who registers; nor is a mail lost when the process ends.
#[tokio::test]
async fn no_request_waits_for_mail() {
    let at = outbox();
    at.mailer.be(Mood::Stalls);
    at.queue(3).await;
    assert_eq!(at.mailer.tried(), 0, "sending is not the request's");
    drop(at.accounts);
    at.mailer.be(Mood::Sends);
    let next = builder(&at.store, &at.clock, &at.mailer).build().unwrap();
    assert_eq!(next.deliver_mail().await.unwrap(), 3);
}

/// Many nodes on one store send each mail once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_nodes_share_the_work() {
    let at = outbox();
    at.queue(60).await;
    let sent = at_once(6, |_| {
        let node = builder(&at.store, &at.clock, &at.mailer).build().unwrap();
        async move { node.deliver_mail().await.unwrap() }
    })
    .await;
    assert_eq!(sent.iter().sum::<u64>(), 60);
    assert_eq!(at.mailer.sent().len(), 60);
}

/// In the background, mail goes out by itself.
#[tokio::test]
async fn in_the_background_mail_goes_out_by_itself() {
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    let mailer = Moody::default();
    let accounts = Accounts::builder(store, mailer.clone(), "https://app.example")
        .jwt_secret(SECRET)
        .hash_pool(HashPool::new(cheap_hasher()).unwrap())
        .clock(clock.shared())
        .build()
        .unwrap();
    let register = Register::new("ada@example.com", PASSWORD);
    accounts.users().register(register).await.unwrap();
    mailer.wait_until_sent(1).await;
}

/// Mail that was sealed under a former secret is sent; under a secret that is gone, it is dropped and not tried for ever.
#[tokio::test]
async fn mail_survives_a_new_secret() {
    const OTHER: &str = "another-secret-of-thirty-two-bytes-or-more";
    let at = outbox();
    at.queue(1).await;
    let rotated = builder(&at.store, &at.clock, &at.mailer)
        .jwt_secret(OTHER)
        .former_secret(SECRET);
    assert_eq!(rotated.build().unwrap().deliver_mail().await.unwrap(), 1);
    let register = Register::new("late@example.com", PASSWORD);
    at.accounts.users().register(register).await.unwrap();
    let without = builder(&at.store, &at.clock, &at.mailer)
        .jwt_secret(OTHER)
        .build()
        .unwrap();
    assert_eq!(without.deliver_mail().await.unwrap(), 0);
    assert_eq!(at.deliver().await, 0);
}

/// Texts can be replaced, and each user's language chosen.
#[tokio::test]
async fn texts_and_language_are_the_applications_and_the_users() {
    #[derive(Debug)]
    struct Shouting;

    impl MailTexts for Shouting {
        fn write(&self, letter: &Letter<'_>) -> Mail {
            let mail = BuiltInTexts.write(letter);
            Mail::new(mail.to, mail.kind, mail.subject.to_uppercase(), mail.text)
        }
    }

    let german = |builder: AccountsBuilder| builder.service_name("Acme").mail_texts(Shouting);
    let at = common::harness_with(Collection::new().language("de"), german);
    at.register("collection@example.com").await;
    let mail = at.mail_to("collection@example.com").await.unwrap();
    assert_eq!(mail.subject, "ACME: BESTÄTIGEN SIE IHRE E-MAIL-ADRESSE");
    let mut register = Register::new("user@example.com", PASSWORD);
    register.language = Some("en-GB".to_owned());
    at.users().register(register).await.unwrap();
    let mail = at.mail_to("user@example.com").await.unwrap();
    assert_eq!(mail.subject, "ACME: CONFIRM YOUR E-MAIL ADDRESS");
}
