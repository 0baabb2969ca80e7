//! Accounts with one of all that accounts have, and all that can happen to them.

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{
    Factor, Family, Identity, KeyRow, Link, LinkPurpose, Ticket, TicketPurpose, User, UserRef,
};
use portcullis_jwt::Revocation;

use super::family_ends::{all_ended, ended};
use super::rows::{at, event_at, family, key, link, mail_at};
use super::snapshot::Snapshot;
use super::users::insert;
use super::{Nodes, rows};

/// Three users, and one of all that a user has. To one of them nothing happens.
pub(super) struct Scene {
    alice: User,
    bob: User,
    carol: User,
    family: Family,
    link: Link,
    key: KeyRow,
    ticket: Ticket,
    identity: Identity,
    carols: Carols,
}

/// What carol has, who logs in by a second factor.
struct Carols {
    factor: Factor,
    ticket: Ticket,
    identity: Identity,
}

/// What comes by the changes.
pub(super) struct New {
    link: Link,
    factor: Factor,
    code: [u8; 32],
    ticket: Ticket,
    identity: Identity,
}

impl New {
    pub(super) fn of(scene: &Scene) -> Self {
        let owner = scene.owner();
        Self {
            link: link(&owner, LinkPurpose::ResetPassword),
            factor: rows::factor(&owner),
            code: rows::code(),
            ticket: rows::ticket(&owner, TicketPurpose::Challenge),
            identity: rows::identity(&owner),
        }
    }

    /// All that happens with second factors, tickets and identities.
    fn changes(&self) -> Vec<Change> {
        let owner = &self.factor.owner;
        vec![
            rows::factor_put(&self.factor),
            rows::activated(&self.factor, 100, 20),
            rows::step_used(&self.factor, 101),
            rows::codes_put(owner, &[self.code, rows::code()]),
            rows::code_taken(owner, &[self.code]),
            rows::ticketed(&self.ticket),
            rows::attempted(&self.ticket, 5, 20),
            rows::linked_identity(&self.identity),
            rows::require_credential(owner),
        ]
    }
}

impl Scene {
    pub(super) async fn set(nodes: &Nodes) -> Self {
        let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
        let carol = nodes.user("carol").await;
        let owner = alice.reference();
        let scene = Self {
            family: family(&owner),
            link: link(&owner, LinkPurpose::ResetPassword),
            key: key(&owner),
            ticket: rows::ticket(&owner, TicketPurpose::OauthCode),
            identity: rows::identity(&owner),
            carols: Carols {
                factor: rows::active_factor(&carol.reference()),
                ticket: rows::ticket(&carol.reference(), TicketPurpose::Challenge),
                identity: rows::identity(&carol.reference()),
            },
            alice,
            bob,
            carol,
        };
        let carols = &scene.carols;
        nodes
            .commit(&[
                rows::inserted(&scene.family),
                rows::linked(&scene.link),
                rows::added(&scene.key),
                rows::recorded(&event_at(&owner, 1)),
                rows::ticketed(&scene.ticket),
                rows::linked_identity(&scene.identity),
                rows::factor_put(&rows::active_factor(&scene.bob.reference())),
                rows::factor_put(&carols.factor),
                rows::ticketed(&carols.ticket),
                rows::linked_identity(&carols.identity),
            ])
            .await;
        scene
    }

    pub(super) fn owner(&self) -> UserRef {
        self.alice.reference()
    }

    pub(super) async fn read(&self, nodes: &Nodes, new: &New) -> Snapshot {
        let users = [&self.alice, &self.bob, &self.carol];
        let tickets = [&self.ticket, &new.ticket, &self.carols.ticket];
        let snapshot = Snapshot::of(nodes, &users, &[&self.link, &new.link]).await;
        snapshot.with_tickets(nodes, &tickets).await
    }

    /// A change of every kind; all can be made, in this order.
    pub(super) fn changes(&self, new: &New) -> Vec<Change> {
        let mut changes = self.first_changes(new);
        changes.extend(new.changes());
        changes.extend(self.last_changes());
        changes
    }

    fn last_changes(&self) -> Vec<Change> {
        let (owner, bob) = (self.owner(), self.bob.reference());
        vec![
            rows::require_stamp(&owner, "stamp-2"),
            rows::ticket_taken(&self.ticket, 20),
            rows::tickets_dropped(&owner, &[TicketPurpose::TrustedDevice]),
            Change::UseIdentity {
                owner: owner.clone(),
                id: self.identity.id,
                at: at(20),
                email: None,
                sealed_tokens: None,
            },
            rows::unlinked(&self.identity),
            rows::factor_deleted(&bob),
            Change::DeleteIdentities { owner: bob.clone() },
            Change::DeleteUser(bob),
        ]
    }

    fn first_changes(&self, new: &New) -> Vec<Change> {
        let owner = self.owner();
        let newcomer = rows::user("users", "newcomer@example.com");
        let first = rows::user("customers", "newcomer@example.com");
        let mut update = rows::update(&self.alice);
        update.stamp = Some(String::from("stamp-2"));
        vec![
            insert(&newcomer),
            Change::InsertFirstUser(Box::new(first)),
            rows::updated(update),
            Change::RequireRoleHeld {
                collection: String::from("users"),
                role: String::from("user"),
            },
            rows::inserted(&family(&owner)),
            rows::rotated(&self.family, 0, 20),
            Change::ReauthenticateFamily {
                owner: owner.clone(),
                id: self.family.id,
                at: at(30),
                amr: Vec::new(),
                stamp: None,
            },
            ended(&owner, &self.family),
            all_ended(&owner, None),
            Change::Revoke(Revocation::Everything {
                issued_before: at(30),
                until: at(60),
            }),
            super::session_ends::ended(&owner, "sid", u32::MAX),
            rows::taken(&self.link, 20),
            rows::linked(&new.link),
            rows::linked(&link(&owner, LinkPurpose::Unlock)),
            Change::DropLinks {
                owner: owner.clone(),
                purposes: vec![LinkPurpose::Unlock],
            },
            rows::added(&key(&owner)),
            Change::ExpireKey {
                owner: owner.clone(),
                id: self.key.id,
                at: at(50),
                now: at(20),
            },
            Change::DeleteKey {
                owner: owner.clone(),
                id: self.key.id,
            },
            rows::recorded(&event_at(&owner, 20)),
            rows::queued(&mail_at(20)),
            Change::DeleteKeys {
                owner: owner.clone(),
            },
        ]
    }

    /// A change that cannot be made for each way in which one can be refused.
    pub(super) fn refused(&self) -> Vec<(Change, Conflict)> {
        let mut refused = self.refused_at_first();
        refused.extend(self.refused_of_credentials());
        refused
    }

    fn refused_of_credentials(&self) -> Vec<(Change, Conflict)> {
        let (owner, nobody) = (self.owner(), rows::stranger());
        let Carols {
            factor,
            ticket,
            identity,
        } = &self.carols;
        let taken = Identity {
            subject: identity.subject.clone(),
            ..rows::identity(&owner)
        };
        let unknown = rows::ticket(&owner, TicketPurpose::OauthState);
        vec![
            (rows::require_stamp(&owner, "stamp-0"), Conflict::Changed),
            (rows::require_stamp(&nobody, ""), Conflict::NotFound),
            (rows::require_credential(&nobody), Conflict::LastCredential),
            (rows::factor_put(&rows::factor(&nobody)), Conflict::NotFound),
            (
                rows::factor_put(&rows::factor(&factor.owner)),
                Conflict::FactorActive,
            ),
            (rows::activated(factor, 200, 20), Conflict::FactorActive),
            (rows::step_used(factor, 100), Conflict::Changed),
            (rows::factor_deleted(&nobody), Conflict::NotFound),
            (rows::codes_put(&nobody, &[]), Conflict::NotFound),
            (
                rows::code_taken(&owner, &[rows::code()]),
                Conflict::NotFound,
            ),
            (rows::attempted(ticket, 0, 20), Conflict::LimitReached),
            (rows::ticket_taken(&unknown, 20), Conflict::NotFound),
            (rows::linked_identity(&taken), Conflict::IdentityTaken),
            (rows::unlinked(&rows::identity(&owner)), Conflict::NotFound),
        ]
    }

    fn refused_at_first(&self) -> Vec<(Change, Conflict)> {
        let nobody = rows::stranger();
        let first = rows::user("users", "first@example.com");
        vec![
            (
                insert(&rows::user("users", "alice@example.com")),
                Conflict::EmailTaken,
            ),
            (Change::InsertFirstUser(Box::new(first)), Conflict::Changed),
            (Change::DeleteUser(nobody.clone()), Conflict::NotFound),
            (rows::inserted(&family(&nobody)), Conflict::NotFound),
            (rows::rotated(&family(&nobody), 0, 20), Conflict::NotFound),
            (
                rows::linked(&link(&nobody, LinkPurpose::Unlock)),
                Conflict::NotFound,
            ),
            (
                rows::added_within(&key(&self.owner()), 0),
                Conflict::LimitReached,
            ),
            (
                Change::RequireRoleHeld {
                    collection: String::from("users"),
                    role: String::from("nobody"),
                },
                Conflict::RoleUnheld,
            ),
        ]
    }
}
