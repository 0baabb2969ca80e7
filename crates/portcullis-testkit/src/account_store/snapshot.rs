use portcullis_accounts::{
    AuditEvent, AuditQuery, Factor, Family, Identity, KeyRow, Link, RecordId, Ticket, User,
};
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use super::{Nodes, rows};

/// All that can be read about some users and their collections, mail aside: to be compared.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    users: Vec<Option<User>>,
    families: Vec<Vec<Family>>,
    keys: Vec<Vec<KeyRow>>,
    links: Vec<Option<Link>>,
    factors: Vec<(Option<Factor>, u32)>,
    identities: Vec<Vec<Identity>>,
    tickets: Vec<Option<Ticket>>,
    events: Vec<AuditEvent>,
    revocations: Vec<String>,
    ended_sessions: Vec<Vec<String>>,
}

impl Snapshot {
    pub(super) async fn of(nodes: &Nodes, users: &[&User], links: &[&Link]) -> Self {
        let mut snapshot = Self {
            users: Vec::new(),
            families: Vec::new(),
            keys: Vec::new(),
            links: Vec::new(),
            factors: Vec::new(),
            identities: Vec::new(),
            tickets: Vec::new(),
            events: Vec::new(),
            revocations: revocations(nodes).await,
            ended_sessions: Vec::new(),
        };
        for user in users {
            snapshot.add_user(nodes, user).await;
        }
        for link in links {
            let found = nodes.b.link(link.id).await.expect("a store answers");
            snapshot.links.push(found);
        }
        snapshot
    }

    /// These tickets as well.
    pub(super) async fn with_tickets(mut self, nodes: &Nodes, tickets: &[&Ticket]) -> Self {
        for ticket in tickets {
            self.tickets.push(super::tickets::find(nodes, ticket).await);
        }
        self
    }

    async fn add_user(&mut self, nodes: &Nodes, user: &User) {
        let reference = user.reference();
        self.users.push(nodes.find(&reference).await);
        // Before any family here has ended.
        let families = nodes.b.families(&reference, rows::at(11)).await;
        self.families.push(families.expect("a store answers"));
        let keys = nodes.b.keys(&reference).await;
        self.keys.push(keys.expect("a store answers"));
        let factor = super::factors::find(nodes, &reference).await;
        let codes = super::factors::codes_left(nodes, &reference).await;
        self.factors.push((factor, codes));
        let identities = super::identities::list(nodes, &reference).await;
        self.identities.push(identities);
        let ended = super::session_ends::list(nodes, &reference).await;
        self.ended_sessions.push(ended);
        let query = AuditQuery {
            collection: user.collection.clone(),
            user: Some(user.id),
            limit: 1000,
            ..AuditQuery::default()
        };
        let events = nodes.b.events(&query).await;
        self.events.extend(events.expect("a store answers"));
    }

    /// How many families and keys this user has.
    pub(super) fn belongings(&self, user: usize) -> (usize, usize) {
        (self.families[user].len(), self.keys[user].len())
    }

    /// The ids of its families and keys, sorted.
    pub(super) fn ids(&self, user: usize) -> (Vec<RecordId>, Vec<RecordId>) {
        let families = self.families[user].iter().map(|family| family.id);
        let keys = self.keys[user].iter().map(|key| key.id);
        (
            rows::sorted(families.collect()),
            rows::sorted(keys.collect()),
        )
    }

    pub(super) fn links(&self) -> &[Option<Link>] {
        &self.links
    }

    pub(super) fn events(&self) -> &[AuditEvent] {
        &self.events
    }

    pub(super) fn revocations(&self) -> &[String] {
        &self.revocations
    }
}

/// All revocations that are to be remembered at the beginning, sorted.
pub(super) async fn revocations(nodes: &Nodes) -> Vec<String> {
    let all = nodes
        .b
        .revocations(Timestamp::UNIX_EPOCH, rows::at(0))
        .await;
    rows::sorted(all.expect("a store answers").iter().map(text_of).collect())
}

pub(super) fn text_of(revocation: &Revocation) -> String {
    serde_json::to_string(revocation).expect("a revocation is JSON")
}
