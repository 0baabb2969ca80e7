//! Which logins a user has, and where they are: the truth about whether a login goes on.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_session::{AuthRecord, SessionDigest, SessionOwner};
use redis::Value;

use crate::Redis;
use crate::answer::integer;
use crate::failure::Failure;
use crate::hash::Purpose;
use crate::script::Script;

static ENTER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("index.lua"),
        include_str!("enter.lua")
    ))
});

static DEPART: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("index.lua"),
        include_str!("depart.lua")
    ))
});

static REMOVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("index.lua"),
        include_str!("remove.lua")
    ))
});

/// One login of a user.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) sid: String,
    /// As it stands in the index.
    place: String,
}

/// The logins of one user.
pub(super) struct Index<'a> {
    redis: &'a Redis,
    key: String,
    now: i64,
    margin: u64,
}

impl Entry {
    /// Where a login is that was just given an id.
    pub(super) fn live(login: &AuthRecord, digest: &SessionDigest) -> Self {
        let (digest, end) = (text(digest), login.ends_at().unix_millis());
        Self {
            sid: login.sid().to_owned(),
            place: format!("L {digest} {end}"),
        }
    }

    /// The digest of its id, as [`text`] writes it; none if it is between two.
    pub(super) fn digest(&self) -> Option<&str> {
        self.place.strip_prefix("L ")?.split(' ').next()
    }

    /// Whether it is between two ids, and has not given up.
    pub(super) fn is_moving(&self, now: i64) -> bool {
        let until = self.place.strip_prefix("M ");
        until.is_some_and(|until| until.parse().is_ok_and(|until: i64| until > now))
    }
}

/// A digest, as it stands in keys.
pub(super) fn text(digest: &SessionDigest) -> String {
    URL_SAFE_NO_PAD.encode(digest.as_bytes())
}

impl<'a> Index<'a> {
    pub(super) fn new(redis: &'a Redis, owner: &SessionOwner, now: i64) -> Self {
        Self {
            redis,
            key: key(redis, owner),
            now,
            margin: redis.inner.moments.margin(),
        }
    }

    /// Enters a login under its first or its next id. Says no to one that is over, or that is there already.
    pub(super) async fn enter(&self, entry: Entry, is_next: bool) -> Result<bool, Failure> {
        let is_next = u8::from(is_next).to_string();
        let answer = self.run("session_enter", &ENTER, [entry.sid, entry.place, is_next]);
        Ok(integer(&answer.await?) == Some(1))
    }

    /// Notes that the id of a login is gone, and that another may follow until then.
    pub(super) async fn depart(
        &self,
        sid: &str,
        digest: &SessionDigest,
        until: i64,
    ) -> Result<(), Failure> {
        let arguments = [sid.to_owned(), text(digest), until.to_string()];
        self.run("session_depart", &DEPART, arguments).await?;
        Ok(())
    }

    /// Removes those that are where they were seen; what is left are those that have moved since, and where.
    pub(super) async fn remove(&self, entries: Vec<Entry>) -> Result<Vec<Entry>, Failure> {
        let arguments = entries
            .into_iter()
            .flat_map(|entry| [entry.sid, entry.place]);
        entries_in(self.run("session_remove", &REMOVE, arguments).await?)
    }

    /// All of them, those that have ended among them.
    pub(super) async fn all(&self) -> Result<Vec<Entry>, Failure> {
        let mut command = redis::cmd("HGETALL");
        command.arg(&self.key);
        entries_in(self.redis.ask("session_index", &command).await?)
    }

    /// The one with this public id.
    pub(super) async fn one(&self, sid: &str) -> Result<Option<Entry>, Failure> {
        let mut command = redis::cmd("HGET");
        command.arg(&self.key).arg(sid);
        match self.redis.ask("session_index", &command).await? {
            Value::Nil => Ok(None),
            place => Ok(Some(Entry {
                sid: sid.to_owned(),
                place: string(place)?,
            })),
        }
    }

    async fn run(
        &self,
        operation: &'static str,
        script: &Script,
        more: impl IntoIterator<Item = String>,
    ) -> Result<Value, Failure> {
        let mut arguments = vec![self.now.to_string(), self.margin.to_string()];
        arguments.extend(more);
        let keys = [&self.key];
        self.redis.run(operation, script, &keys, &arguments).await
    }
}

/// `portcullis:sessions-of:` and a hash of both names, which are told apart by the length of the first.
fn key(redis: &Redis, owner: &SessionOwner) -> String {
    let (collection, user) = (owner.collection(), owner.user());
    let mut identifier = (collection.len() as u64).to_le_bytes().to_vec();
    identifier.extend_from_slice(collection.as_bytes());
    identifier.extend_from_slice(user.as_bytes());
    let mut key = redis.key("sessions-of:", 32);
    let hash = redis.inner.hasher.hash(Purpose::Owners, &identifier);
    hash.write_tag(&mut key);
    key
}

/// Pairs of a public id and a place, as a list or, of a newer protocol, a map.
fn entries_in(answer: Value) -> Result<Vec<Entry>, Failure> {
    let pairs: Vec<Value> = match answer {
        Value::Nil => Vec::new(),
        Value::Array(values) => values,
        Value::Map(pairs) => pairs
            .into_iter()
            .flat_map(|(sid, place)| [sid, place])
            .collect(),
        _ => return Err(Failure::Nonsense("no list of logins")),
    };
    let mut pairs = pairs.into_iter();
    let mut entries = Vec::new();
    while let (Some(sid), Some(place)) = (pairs.next(), pairs.next()) {
        entries.push(Entry {
            sid: string(sid)?,
            place: string(place)?,
        });
    }
    Ok(entries)
}

pub(super) fn string(value: Value) -> Result<String, Failure> {
    match value {
        Value::BulkString(bytes) => {
            String::from_utf8(bytes).map_err(|_| Failure::Nonsense("no text"))
        }
        _ => Err(Failure::Nonsense("no text")),
    }
}
