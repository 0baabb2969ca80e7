//! From one node to the next, until one answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{Clock, SystemClock};
use redis::cluster_routing::Slot;
use redis::{Cmd, Value};
use tokio::task::JoinSet;

use super::address::Address;
use super::map::Member;
use super::route::{self, Route};
use super::{Manner, Shared};
use crate::failure::Failure;

/// So often a question is sent on: while slots move, twice may be right.
const STEPS: u32 = 5;

/// Before a question is asked again whose keys are about to move.
const MOVING: Duration = Duration::from_millis(10);

/// Asks one question, within the time limit.
pub(super) async fn ask(shared: &Arc<Shared>, command: &Cmd) -> Result<Value, Failure> {
    match route::of(command) {
        Route::To(slot) => ask_at(shared, slot, command).await,
        Route::Anywhere => ask_any(shared, command).await,
        Route::Apart(slots) => ask_apart(shared, &slots, command).await,
    }
}

async fn ask_at(shared: &Shared, slot: Slot, command: &Cmd) -> Result<Value, Failure> {
    let began = SystemClock.monotonic();
    let Some(member) = shared.map().await.at(slot) else {
        shared.is_stale.notify_one();
        return Err(Failure::Away);
    };
    let mut step = Step::Again(member, Manner::Plain);
    for _ in 0..STEPS {
        let (member, manner) = match step {
            Step::Again(member, manner) => (member, manner),
            Step::Over(answer) => return answer,
        };
        let spent = SystemClock.monotonic().saturating_sub(began);
        let left = shared.response_timeout.saturating_sub(spent);
        let answer = member.node.ask(command, manner, left).await;
        step = shared.next(member, manner, answer).await;
    }
    match step {
        Step::Over(answer) => answer,
        Step::Again(..) => Err(Failure::Nonsense("nobody has that slot")),
    }
}

enum Step {
    Over(Result<Value, Failure>),
    Again(Arc<Member>, Manner),
}

impl Shared {
    /// What an answer leads to. Only what was certainly not done is asked again.
    async fn next(
        &self,
        member: Arc<Member>,
        manner: Manner,
        answer: Result<Value, Failure>,
    ) -> Step {
        let error = match &answer {
            Err(Failure::Refused(error)) => error,
            Err(_) => {
                self.is_stale.notify_one();
                return Step::Over(answer);
            }
            Ok(_) => return Step::Over(answer),
        };
        let elsewhere = error.redirect_node();
        let elsewhere = elsewhere
            .and_then(|(to, _)| Address::parse(to, &member.address.host))
            .and_then(|to| self.member(&to));
        match (error.code(), elsewhere) {
            (Some("MOVED"), Some(to)) => {
                self.is_stale.notify_one();
                Step::Again(to, Manner::Plain)
            }
            (Some("ASK"), Some(to)) => Step::Again(to, Manner::Asking),
            (Some("TRYAGAIN"), _) => {
                tokio::time::sleep(MOVING).await;
                Step::Again(member, manner)
            }
            (Some("CLUSTERDOWN" | "MOVED"), _) => {
                self.is_stale.notify_one();
                Step::Over(answer)
            }
            _ => Step::Over(answer),
        }
    }
}

/// Any that is not away.
async fn ask_any(shared: &Shared, command: &Cmd) -> Result<Value, Failure> {
    let Some(member) = shared.map().await.available().into_iter().next() else {
        shared.is_stale.notify_one();
        return Err(Failure::Away);
    };
    let limit = shared.response_timeout;
    member.node.ask(command, Manner::Plain, limit).await
}

/// `MGET`, slot by slot and all at once; the answers are put into the order of the keys.
async fn ask_apart(shared: &Arc<Shared>, slots: &[Slot], command: &Cmd) -> Result<Value, Failure> {
    let keys: Vec<&[u8]> = route::words(command).skip(1).collect();
    let mut asked = JoinSet::new();
    for (slot, positions) in parts(slots) {
        let mut part = redis::cmd("MGET");
        for position in &positions {
            part.arg(keys[*position]);
        }
        let shared = Arc::clone(shared);
        asked.spawn(async move { (ask_at(&shared, slot, &part).await, positions) });
    }
    let mut values = vec![Value::Nil; keys.len()];
    while let Some(answer) = asked.join_next().await {
        let (answer, positions) = answer.map_err(|_| Failure::Nonsense("a part is missing"))?;
        let Value::Array(part) = answer? else {
            return Err(Failure::Nonsense("no list"));
        };
        for (position, value) in positions.into_iter().zip(part) {
            values[position] = value;
        }
    }
    Ok(Value::Array(values))
}

/// Which positions are in which slot.
fn parts(slots: &[Slot]) -> HashMap<Slot, Vec<usize>> {
    let mut parts: HashMap<Slot, Vec<usize>> = HashMap::new();
    for (position, slot) in slots.iter().enumerate() {
        parts.entry(*slot).or_default().push(position);
    }
    parts
}
