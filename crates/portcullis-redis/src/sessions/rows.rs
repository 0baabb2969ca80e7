//! Rows, each by itself.

use std::sync::LazyLock;

use portcullis_session::SessionDigest;
use portcullis_session::tower_sessions::session_store::{Error, Result};
use redis::Value;

use super::RedisSessions;
use super::index::{string, text};
use super::row::Row;
use crate::answer::integer;
use crate::failure::Failure;
use crate::script::Script;

static SAVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("save.lua")));

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("take.lua")));

/// The login that a save expects: any.
const ANY: &str = "*";

/// What a save came to.
pub(super) enum Saved {
    /// There is no such session.
    Gone,
    /// Saved, in place of a row with this login in it.
    Over(String),
    /// Not saved: another login is in it, or none.
    NotOver(String),
}

impl RedisSessions {
    /// Writes a row where there is none; one that has ended is not written.
    pub(super) async fn put(&self, digest: &SessionDigest, row: &Row) -> Result<()> {
        let life = self.life(row);
        if life <= 0 {
            return Ok(());
        }
        let mut command = redis::cmd("SET");
        command.arg(self.key(&text(digest))).arg(row.to_text());
        command.arg("NX").arg("PX").arg(life);
        match self.redis.ask("session_create", &command).await? {
            Value::Nil => Err(Error::Backend(String::from("the id is taken"))),
            _ => Ok(()),
        }
    }

    /// The row, unless it is past its end.
    pub(super) async fn get(&self, digest: &SessionDigest) -> Result<Option<Row>> {
        let mut command = redis::cmd("GET");
        command.arg(self.key(&text(digest)));
        let answer = self.redis.ask("session_load", &command).await?;
        self.live(answer)
    }

    /// The rows of these digests, in their order, without those that are not there.
    pub(super) async fn get_all(&self, digests: &[&str]) -> Result<Vec<Row>> {
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("MGET");
        for digest in digests {
            command.arg(self.key(digest));
        }
        let Value::Array(answers) = self.redis.ask("session_list", &command).await? else {
            return Err(Failure::Nonsense("no list of sessions").into());
        };
        let rows: Result<Vec<_>> = answers
            .into_iter()
            .map(|answer| self.live(answer))
            .collect();
        Ok(rows?.into_iter().flatten().collect())
    }

    /// Writes a row over a live one, if this login is in that, or `None` for any.
    pub(super) async fn save_over(
        &self,
        digest: &SessionDigest,
        row: &Row,
        login: Option<&str>,
    ) -> Result<Saved> {
        let arguments = [
            self.now().unix_millis().to_string(),
            login.unwrap_or(ANY).to_owned(),
            row.to_text(),
            self.life(row).to_string(),
        ];
        let keys = [self.key(&text(digest))];
        let answer = self.redis.run("session_save", &SAVE, &keys, &arguments);
        match answer.await? {
            Value::Nil => Ok(Saved::Gone),
            Value::Array(parts) => saved(parts),
            _ => Err(Failure::Nonsense("neither saved nor not").into()),
        }
    }

    /// Removes a row, and says what there was, without the data; nothing where it was past its end.
    pub(super) async fn take(&self, digest: &str) -> Result<Option<Row>> {
        let keys = [self.key(digest)];
        let nothing: [String; 0] = [];
        let answer = self.redis.run("session_delete", &TAKE, &keys, &nothing);
        self.live(answer.await?)
    }

    fn live(&self, answer: Value) -> Result<Option<Row>> {
        if answer == Value::Nil {
            return Ok(None);
        }
        let row = Row::parse(&string(answer)?)?;
        let is_live = row.ends_at > self.now().unix_millis();
        Ok(is_live.then_some(row))
    }

    /// For how many milliseconds Redis keeps a row; not above zero where it has ended.
    fn life(&self, row: &Row) -> i64 {
        let left = row.ends_at.saturating_sub(self.now().unix_millis());
        match left > 0 {
            true => left.saturating_add(self.margin()).min(LONGEST),
            false => left,
        }
    }

    /// A row past its end is not returned, kept or not.
    fn margin(&self) -> i64 {
        i64::try_from(self.redis.inner.moments.margin()).unwrap_or(0)
    }

    fn key(&self, digest: &str) -> String {
        let mut key = self.redis.key("session:", digest.len());
        key.push_str(digest);
        key
    }
}

/// A thousand years: Redis adds it to its time, and must not overflow.
const LONGEST: i64 = 1000 * 366 * 86_400_000;

fn saved(parts: Vec<Value>) -> Result<Saved> {
    let mut parts = parts.into_iter();
    let is_saved = parts.next().as_ref().and_then(integer);
    let login = parts.next().ok_or(Failure::Nonsense("no login"))?;
    let login = string(login)?;
    match is_saved {
        Some(1) => Ok(Saved::Over(login)),
        Some(0) => Ok(Saved::NotOver(login)),
        _ => Err(Failure::Nonsense("neither saved nor not").into()),
    }
}
