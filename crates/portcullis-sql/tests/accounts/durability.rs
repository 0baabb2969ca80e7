//! What was answered is there, though the process is killed in the next moment.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use portcullis_accounts::UserRef;
use portcullis_accounts::store::{Ledger as _, UserStore as _};

use crate::support::{Place, connect, insert, user};

/// Tells the test below that it is the process to be killed, and where its database is.
const VICTIM: &str = "PORTCULLIS_SQL_VICTIM";

/// Writes without end, and says what was answered, when it is started by the test below; otherwise nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Ok(url) = std::env::var(VICTIM) else {
        return;
    };
    let store = connect(&url).await;
    for number in 0_u64.. {
        let new = user(&format!("user{number}@example.com"));
        store.commit(&insert(&new)).await.expect("it is new");
        let mut out = std::io::stdout();
        writeln!(out, "answered {}", new.id).expect("somebody reads");
        out.flush().expect("somebody reads");
    }
}

fn answered_until_killed(url: &str) -> Vec<UserRef> {
    let mut victim = Command::new(std::env::current_exe().expect("this is a program"));
    victim.args([
        "--exact",
        "durability::victim",
        "--nocapture",
        "--test-threads=1",
    ]);
    victim.env(VICTIM, url).stdout(Stdio::piped());
    let mut victim = victim.spawn().expect("this program can be started again");
    let lines = BufReader::new(victim.stdout.take().expect("it is piped")).lines();
    let mut answered = Vec::new();
    for line in lines.map_while(Result::ok) {
        let Some(id) = line.strip_prefix("answered ") else {
            continue;
        };
        // The last line may have been cut off; what stands in it was not read by anybody.
        answered.extend(id.parse().ok().map(|id| UserRef::new("users", id)));
        if answered.len() == 100 {
            victim.kill().expect("it is there");
        }
    }
    victim.wait().expect("it has ended");
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_nothing_that_was_answered() {
    for place in Place::each() {
        let answered = answered_until_killed(&place.url);
        assert!(
            answered.len() >= 100,
            "it was killed when it had answered {}",
            answered.len()
        );
        let store = place.store().await;
        for user in &answered {
            let found = store.user(user).await.expect("the store answers");
            assert!(found.is_some(), "{user:?} of {}", answered.len());
        }
        store
            .commit(&insert(&user("next@example.com")))
            .await
            .expect("it goes on");
    }
}
