//! Rule 1: everything or nothing.

use std::future::Future;

use portcullis_accounts::store::{Change, CommitError, Conflict};
use portcullis_accounts::{Family, KeyRow, Link, LinkPurpose, User, UserRef};
use portcullis_jwt::Revocation;

use super::family_ends::{all_ended, ended};
use super::rows::{at, event_at, family, key, link, mail_at};
use super::snapshot::Snapshot;
use super::users::insert;
use super::{Nodes, rows};

super::cases![
    nothing_is_a_commit,
    changes_build_on_each_other,
    a_conflict_leaves_nothing,
    the_first_conflict_is_named,
    an_error_leaves_nothing,
    many_changes_are_one_commit,
];

async fn nothing_is_a_commit(nodes: Nodes) {
    nodes.a.ping().await.expect("a store that works answers");
    nodes.b.ping().await.expect("a store that works answers");
    let made = nodes.commit(&[]).await;
    assert_eq!(made, Default::default(), "no change is no conflict");
}

/// Two users, and one of all that a user has.
struct Scene {
    alice: User,
    bob: User,
    family: Family,
    link: Link,
    key: KeyRow,
}

impl Scene {
    async fn set(nodes: &Nodes) -> Self {
        let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
        let owner = alice.reference();
        let scene = Self {
            family: family(&owner),
            link: link(&owner, LinkPurpose::ResetPassword),
            key: key(&owner),
            alice,
            bob,
        };
        nodes
            .commit(&[
                rows::inserted(&scene.family),
                rows::linked(&scene.link),
                rows::added(&scene.key),
                rows::recorded(&event_at(&owner, 1)),
            ])
            .await;
        scene
    }

    fn owner(&self) -> UserRef {
        self.alice.reference()
    }

    async fn read(&self, nodes: &Nodes, new_link: &Link) -> Snapshot {
        let users = [&self.alice, &self.bob];
        Snapshot::of(nodes, &users, &[&self.link, new_link]).await
    }

    /// A change of every kind; all can be made, in this order.
    fn changes(&self, new_link: &Link) -> Vec<Change> {
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
            rows::taken(&self.link, 20),
            rows::linked(new_link),
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
            Change::DeleteUser(self.bob.reference()),
        ]
    }

    /// A change that cannot be made for each way in which one can be refused.
    fn refused(&self) -> Vec<(Change, Conflict)> {
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

async fn changes_build_on_each_other(nodes: Nodes) {
    let alice = rows::user("users", "alice@example.com");
    let owner = alice.reference();
    let (kept, gone) = (family(&owner), family(&owner));
    let (link, key) = (link(&owner, LinkPurpose::VerifyEmail), key(&owner));
    let made = nodes
        .commit(&[
            insert(&alice),
            rows::inserted(&kept),
            rows::inserted(&gone),
            rows::rotated(&kept, 0, 20),
            rows::rotated(&kept, 1, 30),
            rows::linked(&link),
            rows::taken(&link, 30),
            rows::added(&key),
            all_ended(&owner, Some(&kept)),
        ])
        .await;
    assert_eq!(made.ended, [gone.id], "each change sees those before it");
    let found = nodes.b.family(kept.id).await.expect("a store answers");
    assert_eq!(
        found.map(|family| family.generation),
        Some(2),
        "each of them counts"
    );
    let found = nodes.b.link(link.id).await.expect("a store answers");
    assert_eq!(found, None, "a link can be made and taken at once");
}

async fn a_conflict_leaves_nothing(nodes: Nodes) {
    let scene = Scene::set(&nodes).await;
    let new_link = link(&scene.owner(), LinkPurpose::ResetPassword);
    let before = scene.read(&nodes, &new_link).await;
    for (refused, conflict) in scene.refused() {
        let mut changes = scene.changes(&new_link);
        changes.push(refused);
        let last = changes.len() - 1;
        let rule = "if one change cannot be made, none is";
        assert_eq!(nodes.conflict(&changes).await, (last, conflict), "{rule}");
        assert_eq!(scene.read(&nodes, &new_link).await, before, "{rule}");
        let customers = nodes.b.users(&super::pages::all_users("customers")).await;
        assert!(customers.expect("a store answers").is_empty(), "{rule}");
        let mails = nodes.b.claim_mail(at(100), at(101), 10).await;
        assert!(
            mails.expect("a store answers").is_empty(),
            "{rule}: no mail"
        );
    }
    nodes.commit(&scene.changes(&new_link)).await;
    let mails = nodes.b.claim_mail(at(100), at(101), 10).await;
    assert_eq!(
        mails.expect("a store answers").len(),
        1,
        "all are made without it"
    );
    let after = scene.read(&nodes, &new_link).await;
    assert!(after != before, "all are made without it");
}

async fn the_first_conflict_is_named(nodes: Nodes) {
    let scene = Scene::set(&nodes).await;
    let harmless = || rows::recorded(&event_at(&scene.owner(), 20));
    for (refused, conflict) in scene.refused() {
        for place in 0..4 {
            let mut changes: Vec<_> = (0..3).map(|_| harmless()).collect();
            changes.insert(place, refused.clone());
            let found = nodes.conflict(&changes).await;
            assert_eq!(found, (place, conflict), "a conflict names its change");
        }
    }
    let unheard = [
        Change::DeleteUser(rows::stranger()),
        insert(&rows::user("users", "alice@example.com")),
    ];
    let found = nodes.conflict(&unheard).await;
    assert_eq!(
        found,
        (0, Conflict::NotFound),
        "of two conflicts the first is named"
    );
}

async fn an_error_leaves_nothing(nodes: Nodes) {
    let scene = Scene::set(&nodes).await;
    let new_link = link(&scene.owner(), LinkPurpose::Unlock);
    let before = scene.read(&nodes, &new_link).await;
    let mut changes = scene.changes(&new_link);
    let event = event_at(&scene.owner(), 21);
    changes.extend([rows::recorded(&event), rows::recorded(&event)]);
    let made = nodes.try_commit(&changes).await;
    assert!(
        matches!(made, Err(CommitError::Store(_))),
        "an id is given once: {made:?}"
    );
    let after = scene.read(&nodes, &new_link).await;
    assert_eq!(after, before, "an error of the store leaves nothing");
    nodes.commit(&scene.changes(&new_link)).await;
}

async fn many_changes_are_one_commit(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let mut changes: Vec<_> = (0..300)
        .map(|second| rows::recorded(&event_at(&alice, second)))
        .collect();
    changes.push(Change::DeleteUser(rows::stranger()));
    let refused = nodes.conflict(&changes).await;
    assert_eq!(refused, (300, Conflict::NotFound), "however many there are");
    let events = super::audit::read(&nodes, &super::audit::all("users")).await;
    assert!(events.is_empty(), "none of many is made");
    nodes.commit(&changes[..300]).await;
    let events = super::audit::read(&nodes, &super::audit::all("users")).await;
    assert_eq!(events.len(), 300, "all of many are made");
}
