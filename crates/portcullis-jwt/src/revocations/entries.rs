//! What was taken back and is not forgotten yet.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use portcullis_core::Timestamp;

use super::Revocation;

/// By how much the clock of another node may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(60);

/// What a revocation is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Subject {
    Token(Box<str>),
    Session(Box<str>),
    User(Box<str>, Box<str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// Tokens that were issued at this moment or later are good; `None` for a token or a session, which stay revoked.
    issued_before: Option<Timestamp>,
    until: Timestamp,
}

/// The entries, with a queue by the time at which each may be forgotten.
#[derive(Debug, Default)]
pub(super) struct Entries {
    marks: HashMap<Subject, Mark>,
    queue: BinaryHeap<Reverse<(Timestamp, Subject)>>,
    everything: Option<Mark>,
}

/// What [`Entries::put`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It says nothing that was not known.
    Known,
    New,
}

impl Entries {
    /// Forgets what no longer concerns any token.
    pub(super) fn forget(&mut self, now: Timestamp) {
        while self
            .queue
            .peek()
            .is_some_and(|Reverse((until, _))| *until <= now)
        {
            let Some(Reverse((_, subject))) = self.queue.pop() else {
                break;
            };
            // It may have been prolonged since; then it stands in the queue once more.
            if self
                .marks
                .get(&subject)
                .is_some_and(|mark| mark.until <= now)
            {
                self.marks.remove(&subject);
            }
        }
        self.everything = self.everything.filter(|mark| mark.until > now);
    }

    pub(super) fn put(&mut self, revocation: &Revocation) -> Put {
        let (subject, mark) = match revocation {
            Revocation::Everything {
                issued_before,
                until,
            } => {
                return self.put_everything(*issued_before, *until);
            }
            Revocation::Key { .. } => return Put::Known,
            Revocation::Token { id, until } => {
                (Subject::Token(id.as_str().into()), Mark::for_good(*until))
            }
            Revocation::Session { id, until } => {
                (Subject::Session(id.as_str().into()), Mark::for_good(*until))
            }
            Revocation::User {
                collection,
                id,
                issued_before,
                until,
            } => {
                let subject = Subject::User(collection.as_str().into(), id.as_str().into());
                (
                    subject,
                    Mark {
                        issued_before: Some(*issued_before),
                        until: *until,
                    },
                )
            }
        };
        self.put_mark(subject, mark)
    }

    fn put_mark(&mut self, subject: Subject, mark: Mark) -> Put {
        let merged = match self.marks.get(&subject) {
            Some(known) => known.merged(mark),
            None => mark,
        };
        if self.marks.insert(subject.clone(), merged) == Some(merged) {
            return Put::Known;
        }
        self.queue.push(Reverse((merged.until, subject)));
        Put::New
    }

    fn put_everything(&mut self, issued_before: Timestamp, until: Timestamp) -> Put {
        let mark = Mark {
            issued_before: Some(issued_before),
            until,
        };
        let merged = self.everything.map_or(mark, |known| known.merged(mark));
        match self.everything.replace(merged) == Some(merged) {
            true => Put::Known,
            false => Put::New,
        }
    }

    /// Makes room: lets a mark over everything that was issued until now stand for the entries that it covers.
    ///
    /// An entry made just now may concern a token whose issuer's clock is ahead, and stays; so does a user's mark that reaches
    /// into the future. Where these alone are too many, the mark is raised until it covers them as well.
    pub(super) fn fold(&mut self, now: Timestamp, until: Timestamp, capacity: usize) {
        self.put_everything(now, until);
        let is_recent = |mark: &Mark| mark.until > until.saturating_sub(AHEAD);
        let reaches_further = |mark: &Mark| mark.issued_before.is_some_and(|before| before > now);
        self.marks
            .retain(|_, mark| is_recent(mark) || reaches_further(mark));
        if self.marks.len() > capacity / 2 {
            let furthest = self
                .marks
                .values()
                .filter_map(|mark| mark.issued_before)
                .max();
            let ahead = now.saturating_add(AHEAD);
            self.put_everything(
                ahead.max(furthest.unwrap_or(ahead)),
                until.saturating_add(AHEAD),
            );
            self.marks.clear();
        }
        let marks = &self.marks;
        self.queue
            .retain(|Reverse((_, subject))| marks.contains_key(subject));
    }

    pub(super) fn len(&self) -> usize {
        self.marks.len() + usize::from(self.everything.is_some())
    }

    pub(super) fn has_everything(&self) -> bool {
        self.everything.is_some()
    }

    pub(super) fn revokes_everything(&self, issued_at: Option<Timestamp>) -> bool {
        self.everything.is_some_and(|mark| mark.covers(issued_at))
    }

    pub(super) fn revokes_token(&self, id: &str) -> bool {
        self.marks.contains_key(&Subject::Token(id.into()))
    }

    pub(super) fn revokes_session(&self, id: &str) -> bool {
        self.marks.contains_key(&Subject::Session(id.into()))
    }

    pub(super) fn revokes_user(
        &self,
        collection: &str,
        id: &str,
        issued_at: Option<Timestamp>,
    ) -> bool {
        self.marks
            .get(&Subject::User(collection.into(), id.into()))
            .is_some_and(|mark| mark.covers(issued_at))
    }
}

impl Mark {
    fn for_good(until: Timestamp) -> Self {
        Self {
            issued_before: None,
            until,
        }
    }

    /// Whichever of two marks reaches further, in each respect.
    fn merged(self, other: Self) -> Self {
        Self {
            issued_before: self.issued_before.max(other.issued_before),
            until: self.until.max(other.until),
        }
    }

    /// A token that does not say when it was issued may be an old one.
    fn covers(&self, issued_at: Option<Timestamp>) -> bool {
        match (self.issued_before, issued_at) {
            (Some(before), Some(issued_at)) => issued_at < before,
            _ => true,
        }
    }
}
