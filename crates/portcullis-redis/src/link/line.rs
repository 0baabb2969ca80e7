use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::failure::Failure;

/// So many answers in a row that are late are taken for a connection that is dead, or a server that is.
const LATE_IN_A_ROW: u32 = 5;

/// A connection that many requests share, and what is held against it.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) connection: MultiplexedConnection,
    pub(super) doubts: Arc<Doubts>,
}

/// Why a connection ought to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is there, and nothing comes back.
    Silent,
    /// It is broken, or this user is not let in any more.
    Cut,
    /// It answers, but leads to a server that is not the master.
    Demoted,
}

/// What speaks against a connection, and for it.
#[derive(Default)]
pub(super) struct Doubts {
    late: AtomicU32,
    is_cut: AtomicBool,
    is_demoted: AtomicBool,
    has_answered: AtomicBool,
    raised: Notify,
}

impl Line {
    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = self.connection.req_packed_command(command).await?;
        answer.extract_error()
    }

    /// Asks a node of a cluster that is about to have the key: both commands go out in one piece.
    #[cfg(feature = "cluster")]
    pub(super) async fn send_asking(&mut self, command: &Cmd) -> RedisResult<Value> {
        let mut both = redis::pipe();
        both.cmd("ASKING").add_command(command.clone());
        let answers = self.connection.req_packed_commands(&both, 1, 1).await?;
        let answer = answers.into_iter().next().unwrap_or(Value::Nil);
        answer.extract_error()
    }

    /// A question to which the answer is known: whether there is one, and in time.
    pub(super) async fn ping(&mut self, limit: Duration) -> Result<Value, Failure> {
        let command = redis::cmd("PING");
        match timeout(limit, self.send(&command)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Failure::Late),
        }
    }

    /// Raises doubts where a result speaks against the connection.
    pub(super) fn judge(&self, result: &Result<Value, Failure>) {
        match result {
            Ok(_) => self.doubts.note_answer(),
            Err(Failure::Late) => self.doubts.note_late(),
            Err(Failure::Lost(_)) => self.doubts.note_cut(),
            Err(Failure::Refused(error)) => {
                self.doubts.note_in_time();
                self.doubts.note_refusal(error);
            }
            Err(_) => self.doubts.note_in_time(),
        }
    }
}

impl Doubts {
    fn note_answer(&self) {
        self.note_in_time();
        if !self.has_answered.load(Ordering::Relaxed) {
            self.has_answered.store(true, Ordering::Relaxed);
        }
    }

    /// Read first: most of the time nothing has been late, and nobody needs to write.
    fn note_in_time(&self) {
        if self.late.load(Ordering::Relaxed) > 0 {
            self.late.store(0, Ordering::Relaxed);
        }
    }

    fn note_late(&self) {
        let late = self.late.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if late == LATE_IN_A_ROW {
            self.raised.notify_one();
        }
    }

    fn note_refusal(&self, error: &RedisError) {
        match error.code() {
            Some("NOAUTH" | "WRONGPASS") => self.note_cut(),
            Some("READONLY" | "MASTERDOWN") => self.raise(&self.is_demoted),
            _ => {}
        }
    }

    pub(super) fn note_cut(&self) {
        self.raise(&self.is_cut);
    }

    /// Once for each reason, however many are told of it.
    fn raise(&self, reason: &AtomicBool) {
        if !reason.swap(true, Ordering::AcqRel) {
            self.raised.notify_one();
        }
    }

    /// Whether the last answer came in time.
    pub(super) fn is_in_time(&self) -> bool {
        self.late.load(Ordering::Relaxed) == 0
    }

    /// Waits for the next doubt, and says which is the gravest.
    pub(super) async fn next(&self) -> Doubt {
        loop {
            self.raised.notified().await;
            if let Some(doubt) = self.gravest() {
                return doubt;
            }
        }
    }

    /// A connection that is cut is made anew at once, which one that is silent is not.
    fn gravest(&self) -> Option<Doubt> {
        if self.is_cut.load(Ordering::Acquire) {
            return Some(Doubt::Cut);
        }
        if self.late.load(Ordering::Relaxed) >= LATE_IN_A_ROW {
            return Some(Doubt::Silent);
        }
        let is_demoted = self.is_demoted.load(Ordering::Acquire);
        is_demoted.then_some(Doubt::Demoted)
    }

    /// Whether a question was ever answered well.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }
}
