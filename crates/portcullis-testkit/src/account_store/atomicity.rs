//! Rule 1: everything or nothing.

use std::future::Future;

use portcullis_accounts::LinkPurpose;
use portcullis_accounts::store::{Change, CommitError, Conflict};

use super::family_ends::all_ended;
use super::rows::{at, event_at, family, key, link};
use super::scene::{New, Scene};
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
    let new = New::of(&scene);
    let before = scene.read(&nodes, &new).await;
    for (refused, conflict) in scene.refused() {
        let mut changes = scene.changes(&new);
        changes.push(refused);
        let last = changes.len() - 1;
        let rule = "if one change cannot be made, none is";
        assert_eq!(nodes.conflict(&changes).await, (last, conflict), "{rule}");
        assert_eq!(scene.read(&nodes, &new).await, before, "{rule}");
        let customers = nodes.b.users(&super::pages::all_users("customers")).await;
        assert!(customers.expect("a store answers").is_empty(), "{rule}");
        let mails = nodes.b.claim_mail(at(100), at(101), 10).await;
        assert!(
            mails.expect("a store answers").is_empty(),
            "{rule}: no mail"
        );
    }
    nodes.commit(&scene.changes(&new)).await;
    let mails = nodes.b.claim_mail(at(100), at(101), 10).await;
    assert_eq!(
        mails.expect("a store answers").len(),
        1,
        "all are made without it"
    );
    let after = scene.read(&nodes, &new).await;
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
    let new = New::of(&scene);
    let before = scene.read(&nodes, &new).await;
    let mut changes = scene.changes(&new);
    let event = event_at(&scene.owner(), 21);
    changes.extend([rows::recorded(&event), rows::recorded(&event)]);
    let made = nodes.try_commit(&changes).await;
    assert!(
        matches!(made, Err(CommitError::Store(_))),
        "an id is given once: {made:?}"
    );
    let after = scene.read(&nodes, &new).await;
    assert_eq!(after, before, "an error of the store leaves nothing");
    nodes.commit(&scene.changes(&new)).await;
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
