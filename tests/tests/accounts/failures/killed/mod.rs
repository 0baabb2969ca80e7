//! A server that is killed at random moments: what it has answered holds.

mod client;
mod victim;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::SqlStore;
use portcullis::accounts::{Accounts, CapturedMail, Mode, Users};

use self::client::{Person, live};
use self::victim::Victim;
use super::eventually;
use crate::support::{Directory, Node, SECRET, boundless, cheap_pool, code, scattered, try_log_in};

/// How often it is killed, and how many clients it has.
const ROUNDS: usize = 5;
const CLIENTS: usize = 4;

/// The accounts of a server, and of whoever looks at its database afterwards.
async fn accounts(url: &str, mailer: impl portcullis::accounts::Mailer) -> Node {
    let long = Duration::from_secs(60);
    let store = SqlStore::builder(url).acquire_timeout(long);
    let store = store.busy_timeout(long).statement_timeout(long);
    let store = store.connect().await.unwrap();
    let builder = Accounts::builder(store.clone(), mailer, "https://app.example");
    let accounts = builder
        .jwt_secret(SECRET)
        .hash_pool(cheap_pool())
        .limits(boundless())
        .build();
    Node {
        accounts: accounts.unwrap(),
        store,
    }
}

/// Accounts that were answered exist, logins that were ended are over, passwords that were set work, links that were used are used.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_holds_after_a_kill() {
    let directory = Directory::new();
    let url = format!("sqlite://{}", directory.path().join("app.db").display());
    let mut done = BTreeMap::<&str, usize>::new();
    for round in 0..ROUNDS {
        let victim = Victim::start(&url);
        let progress = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (port, mails) = (victim.port, victim.mails.clone());
                let (name, progress) = (format!("{round}-{number}"), Arc::clone(&progress));
                std::thread::spawn(move || live(port, &mails, &name, &progress))
            })
            .collect();
        // However slow the machine is, each client has had two accounts on average, one of which has another password.
        eventually("the clients get on", async || {
            progress.load(Ordering::Relaxed) >= 2 * CLIENTS
        })
        .await;
        let moment = random() % 500;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        println!("round {round}: killed {moment} ms later");
        victim.kill();
        let people: Vec<Person> = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect();
        assert!(!people.is_empty());
        let node = accounts(&url, CapturedMail::new()).await;
        for (number, person) in people.iter().enumerate() {
            // From an address of its own: many wrong passwords from one would lock it.
            let users = node
                .accounts
                .users()
                .from(scattered(round * 1_000 + number));
            holds(&node, &users, person, &mut done).await;
        }
        node.store.close().await;
    }
    println!("{done:?}");
    for what in ["accounts", "live", "ended", "reset"] {
        assert!(done.contains_key(what), "{what}: {done:?}");
    }
}

/// A random number.
fn random() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0)
}

async fn holds(node: &Node, users: &Users, person: &Person, done: &mut BTreeMap<&str, usize>) {
    let mut count = |what| *done.entry(what).or_default() += 1;
    let email = person.email.as_str();
    let mut working = 0;
    for password in &person.passwords {
        let login = try_log_in(users, email, password, Mode::Token).await;
        working += usize::from(login.is_ok());
    }
    count("accounts");
    assert_eq!(
        working,
        1,
        "{email} has one password of {}",
        person.passwords.len()
    );
    if !person.is_unsure {
        let password = person.passwords.last().unwrap();
        let login = try_log_in(users, email, password, Mode::Token).await;
        assert!(login.is_ok(), "{email}: the last one that was answered");
    }
    for session in &person.ended {
        count("ended");
        let refreshed = users.refresh(&session.refresh).await;
        let code = code(refreshed);
        assert!(["401 refresh_invalid", "401 refresh_reused"].contains(&code.as_str()));
        assert!(node.by_token(&session.access).await.is_err(), "{email}");
    }
    for link in &person.used {
        count("reset");
        let again = users.reset_password(link, "yet another password").await;
        assert_eq!(code(again), "400 invalid_token");
    }
    for session in person.live.iter().filter(|_| !person.is_unsure) {
        count("live");
        assert!(node.by_token(&session.access).await.is_ok(), "{email}");
        assert!(users.refresh(&session.refresh).await.is_ok(), "{email}");
    }
}
