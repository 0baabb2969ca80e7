use std::fmt::Debug;

use portcullis_accounts::store::{
    AccountStore, AuditLog, CommitError, Committed, Conflict, FactorStore, FamilyStore,
    IdentityStore, KeyStore, LinkStore, SessionEnds, StoreError, TicketStore, UserStore,
};
use portcullis_accounts::{AuditQuery, MemoryStore, QueuedMail, RecordId, UserQuery};
use portcullis_core::Timestamp;
use portcullis_key::KeyIndex;

use super::nodes::Nodes;
use super::rows;
use super::snapshot::text_of;
use super::story::{COLLECTIONS, SIDS, Step, Story};

/// Between two comparisons of all that can be read.
const STEPS_BETWEEN: usize = 20;

/// Takes this empty store through a random story, and a [`MemoryStore`] through the same, and compares what each step gives and
/// what can be read afterwards. The steps are drawn from this seed and asked of both nodes in turn.
///
/// # Panics
///
/// If the stores disagree; the message names the seed and the step.
pub async fn agreement(nodes: &Nodes, seed: u64, steps: usize) {
    let reference = MemoryStore::new();
    let mut story = Story::new(seed, reference.clone());
    for number in 0..steps {
        let step = story.next().await;
        let store = nodes.turn(number);
        let given = take(&*store, &step, story.now()).await;
        let wanted = take(&reference, &step, story.now()).await;
        let place = format!("seed {seed}, step {number}, at {}", story.second);
        assert_eq!(given, wanted, "{place}: {step:?}");
        if number % STEPS_BETWEEN == 0 || number + 1 == steps {
            assert_same_reads(&*nodes.turn(number + 1), &reference, &story, &place).await;
        }
    }
}

/// What a step gives, as far as every store gives the same.
#[derive(Debug, PartialEq)]
enum Given {
    Made(Committed),
    Refused(usize, Conflict),
    Claimed(Vec<(RecordId, Vec<u8>, u32)>),
    Purged(u64),
    Done,
    Failed,
}

impl From<Result<Committed, CommitError>> for Given {
    fn from(made: Result<Committed, CommitError>) -> Self {
        match made {
            Ok(made) => Self::Made(Committed {
                ended: rows::sorted(made.ended),
                keys: rows::sorted(made.keys),
            }),
            Err(CommitError::Conflict { index, conflict }) => Self::Refused(index, conflict),
            Err(CommitError::Store(_)) => Self::Failed,
        }
    }
}

impl From<Result<Vec<QueuedMail>, StoreError>> for Given {
    fn from(claimed: Result<Vec<QueuedMail>, StoreError>) -> Self {
        claimed.map_or(Self::Failed, |mails| {
            let mails = mails.into_iter();
            Self::Claimed(
                mails
                    .map(|mail| (mail.id, mail.sealed, mail.attempts))
                    .collect(),
            )
        })
    }
}

impl From<Result<(), StoreError>> for Given {
    fn from(done: Result<(), StoreError>) -> Self {
        done.map_or(Self::Failed, |()| Self::Done)
    }
}

impl From<Result<u64, StoreError>> for Given {
    fn from(purged: Result<u64, StoreError>) -> Self {
        purged.map_or(Self::Failed, Self::Purged)
    }
}

async fn take(store: &dyn AccountStore, step: &Step, now: Timestamp) -> Given {
    match step {
        Step::Commit(changes) => store.commit(changes).await.into(),
        Step::Use(uses) => store.note_use(uses).await.into(),
        Step::Claim { limit, until } => store.claim_mail(now, *until, *limit).await.into(),
        Step::Settle(id, delivery) => store.settle_mail(*id, *delivery).await.into(),
        Step::Purge { audit_before } => store.purge(now, *audit_before, 10_000).await.into(),
    }
}

async fn assert_same_reads(
    store: &dyn AccountStore,
    reference: &MemoryStore,
    story: &Story,
    place: &str,
) {
    let same = Same {
        store,
        reference,
        story,
        place,
    };
    same.users().await;
    same.families().await;
    same.links().await;
    same.keys().await;
    same.factors().await;
    same.tickets().await;
    same.identities().await;
    same.events().await;
    same.revocations().await;
    same.ended_sessions().await;
}

/// Compares what two stores say.
struct Same<'a> {
    store: &'a dyn AccountStore,
    reference: &'a MemoryStore,
    story: &'a Story,
    place: &'a str,
}

impl Same<'_> {
    #[track_caller]
    fn assert<T: PartialEq + Debug>(
        &self,
        found: Result<T, StoreError>,
        wanted: Result<T, StoreError>,
        what: impl Debug,
    ) {
        let found = found.expect("a store answers");
        let wanted = wanted.expect("memory answers");
        assert_eq!(found, wanted, "{}: reading {what:?}", self.place);
    }

    async fn ended_sessions(&self) {
        for user in &self.story.users {
            let found = self.store.ended_sessions(user).await.map(rows::sorted);
            let wanted = self.reference.ended_sessions(user).await.map(rows::sorted);
            self.assert(found, wanted, user);
            for sid in SIDS {
                let found = self.store.has_session_ended(user, sid, 1).await;
                let wanted = self.reference.has_session_ended(user, sid, 1).await;
                self.assert(found, wanted, (user, sid));
            }
        }
    }

    async fn users(&self) {
        for user in &self.story.users {
            let found = self.store.user(user).await;
            self.assert(found, self.reference.user(user).await, user);
        }
        for collection in COLLECTIONS {
            for contains in [None, Some("b"), Some("%"), Some("A"), Some("é")] {
                let query = UserQuery {
                    collection: String::from(collection),
                    contains: contains.map(String::from),
                    after: self.story.users.get(3).map(|user| user.id),
                    limit: 3,
                };
                let found = self.store.users(&query).await;
                self.assert(found, self.reference.users(&query).await, &query);
            }
        }
    }

    async fn families(&self) {
        for family in &self.story.families {
            let found = self.store.family(family.id).await;
            self.assert(found, self.reference.family(family.id).await, family);
        }
        for user in &self.story.users {
            let found = self.store.families(user, self.story.now()).await;
            let wanted = self.reference.families(user, self.story.now()).await;
            self.assert(found, wanted, user);
        }
    }

    async fn links(&self) {
        for link in &self.story.links {
            let found = self.store.link(link.id).await;
            self.assert(found, self.reference.link(link.id).await, link);
        }
    }

    async fn keys(&self) {
        for key in &self.story.keys {
            let index = KeyIndex::new(key.key_id, key.digest);
            let found = self.store.key(&index).await;
            self.assert(found, self.reference.key(&index).await, key);
        }
        for user in &self.story.users {
            let found = self.store.keys(user).await;
            self.assert(found, self.reference.keys(user).await, user);
        }
    }

    async fn factors(&self) {
        for user in &self.story.users {
            let found = self.store.factor(user).await;
            self.assert(found, self.reference.factor(user).await, user);
            let found = self.store.recovery_codes_left(user).await;
            let wanted = self.reference.recovery_codes_left(user).await;
            self.assert(found, wanted, ("recovery codes", user));
        }
    }

    async fn tickets(&self) {
        for ticket in &self.story.tickets {
            let found = self.store.ticket(ticket.id).await;
            self.assert(found, self.reference.ticket(ticket.id).await, ticket);
        }
    }

    async fn identities(&self) {
        for identity in &self.story.identities {
            let collection = &identity.owner.collection;
            let (issuer, subject) = (&identity.issuer, &identity.subject);
            let found = self.store.identity(collection, issuer, subject).await;
            let wanted = self.reference.identity(collection, issuer, subject);
            self.assert(found, wanted.await, identity);
        }
        for user in &self.story.users {
            let found = self.store.identities(user).await;
            self.assert(found, self.reference.identities(user).await, user);
        }
    }

    async fn events(&self) {
        let users = self.story.users.iter().map(|user| Some(user.id));
        for user in users.chain([None]) {
            for collection in COLLECTIONS {
                let query = AuditQuery {
                    user,
                    limit: 20,
                    ..super::audit::all(collection)
                };
                let found = self.store.events(&query).await;
                self.assert(found, self.reference.events(&query).await, &query);
            }
        }
    }

    async fn revocations(&self) {
        let read = async |store: &dyn AccountStore| {
            let all = store.revocations(Timestamp::UNIX_EPOCH, self.story.now());
            let all = all.await.expect("a store answers");
            let mut texts = rows::sorted(all.iter().map(text_of).collect());
            texts.dedup();
            texts
        };
        let (found, wanted) = (read(self.store).await, read(self.reference).await);
        assert_eq!(found, wanted, "{}: reading revocations", self.place);
    }
}
